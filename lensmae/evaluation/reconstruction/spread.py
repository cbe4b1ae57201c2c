"""One lens under many masks: what the network is sure of, and where it errs."""

from dataclasses import dataclass

import numpy as np

from lensmae.errors import ConfigError
from lensmae.evaluation.metrics import unit_scale
from lensmae.evaluation.reconstruction.frames import nested_masks, patch_means, pixel_masks
from lensmae.models import Reconstructor
from lensmae.progress import Progress

MOST_MASKS = 256
_BATCH = 32


@dataclass(frozen=True)
class Spread:
    """Statistics over the masks that hid a pixel; a pixel that none hid keeps the image's flux, and zeros.

    Attributes:
        mean, std: (H, W) flux of the predictions.
        error: (H, W) mean squared error, image on [0, 1].
        times: (gh, gw) how many masks hid each patch.
        masks: how many there were.
    """

    mean: np.ndarray
    std: np.ndarray
    error: np.ndarray
    times: np.ndarray
    masks: int

    @property
    def patch_error(self) -> np.ndarray:
        """Mean of `error` over every patch, (gh, gw)."""
        return patch_means(self.error[None], self.times.shape)[0]

    @property
    def score(self) -> float:
        """Mean squared error over the hidden pixels, each pixel counted once; nan where nothing was hidden."""
        hidden = pixel_masks(self.times[None] > 0, self.error.shape)[0]
        return float(self.error[hidden].mean()) if hidden.any() else float("nan")


def reconstruct_many(
    model: Reconstructor,
    image: np.ndarray,
    masks: int,
    *,
    mask_ratio: float = 0.75,
    seed: int = 0,
    strategy: str = "random",
    progress: Progress | None = None,
) -> Spread:
    """Reconstruct one lens (H, W) under the masks of the seeds `seed`, `seed` + 1, ... of a strategy.

    Args:
        model: the network.
        image: flux (H, W).
        masks: how many, at least 1 and at most `MOST_MASKS`.
        mask_ratio: share of patches hidden, in [0, 1).
        seed: of the first mask.
        strategy: one of `STRATEGIES`.
        progress: called with (masks done, masks in all).
    """
    if not 1 <= masks <= MOST_MASKS:
        raise ConfigError(f"{masks} masks were asked for; there can be 1 to {MOST_MASKS}.")
    grid = model.patch_grid(image.shape)
    count = np.zeros(image.shape)
    # Differences from the image: sums of squares of small numbers lose no digits.
    total, squares = np.zeros(image.shape), np.zeros(image.shape)
    for start in range(0, masks, _BATCH):
        seeds = range(seed + start, seed + min(start + _BATCH, masks))
        hidden = np.stack([nested_masks(image, model.patch_size, one, strategy, (mask_ratio,))[0] for one in seeds])
        drawn = model.predict(np.broadcast_to(image, (len(hidden), *image.shape)), hidden=hidden).prediction
        pixels = pixel_masks(hidden, image.shape)
        difference = np.where(pixels, drawn - image, 0.0).astype(np.float64)
        count += pixels.sum(axis=0)
        total += difference.sum(axis=0)
        squares += np.square(difference).sum(axis=0)
        if progress is not None:
            progress(start + len(hidden), masks)
    known = np.maximum(count, 1)
    mean, square = total / known, squares / known
    _, width = unit_scale(image[None])
    return Spread(
        mean=(image + mean).astype(np.float32),
        std=np.sqrt(np.maximum(square - mean**2, 0.0)).astype(np.float32),
        error=square / width[0] ** 2,
        times=patch_means(count[None], grid)[0].round().astype(int),
        masks=masks,
    )
