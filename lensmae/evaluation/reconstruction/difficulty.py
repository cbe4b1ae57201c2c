"""How difficult lenses are to reconstruct: the error of many under masks of one kind, and where one lens lies among them."""

from dataclasses import dataclass

import numpy as np

from lensmae.evaluation.metrics import masked_mse, masked_ssim
from lensmae.evaluation.reconstruction.frames import RATIOS, nested_masks, pixel_masks
from lensmae.models import Reconstructor
from lensmae.progress import Progress

# Every second ratio; errors change smoothly between them.
LADDER = RATIOS[1::2]


@dataclass(frozen=True)
class Difficulty:
    """Errors of N lenses at K mask ratios.

    Attributes:
        ratios: (K,).
        errors: (N, K) masked-patch MSE on the [0, 1] scale.
        similarities: (N, K) SSIM of hidden pixels.
    """

    ratios: np.ndarray
    errors: np.ndarray
    similarities: np.ndarray

    def at(self, ratio: float) -> np.ndarray:
        """Errors (N,) at a mask ratio, interpolated in the logarithm between measured ones."""
        logs = np.log(np.maximum(self.errors, np.finfo(float).tiny))
        return np.exp([np.interp(ratio, self.ratios, row) for row in logs])

    def easier(self, ratio: float, error: float) -> float:
        """Percentage of the lenses with a smaller error than this one at this ratio; nan without an error."""
        return float(100 * (self.at(ratio) < error).mean()) if np.isfinite(error) else float("nan")

    def band(self, percentile: float) -> np.ndarray:
        """A percentile of the errors at every ratio, (K,)."""
        return np.percentile(self.errors, percentile, axis=0)


def measure_difficulty(model: Reconstructor, images: np.ndarray, strategy: str, progress: Progress | None = None) -> Difficulty:
    """Reconstruct images (N, H, W) at the ratios of `LADDER`, image i under the nested masks of seed i of a strategy.

    Args:
        model: the network.
        images: flux (N, H, W).
        strategy: one of `STRATEGIES`.
        progress: called with (reconstructions done, reconstructions in all).
    """
    masks = np.stack([nested_masks(image, model.patch_size, seed, strategy, LADDER) for seed, image in enumerate(images)])
    return _measure(model, images, masks, np.array(LADDER), progress)


def measure_mask(model: Reconstructor, images: np.ndarray, hidden: np.ndarray, progress: Progress | None = None) -> Difficulty:
    """Reconstruct images (N, H, W) under one mask (gh, gw).

    Args:
        model: the network.
        images: flux (N, H, W).
        hidden: (gh, gw) bool, True = hidden.
        progress: called with (lenses done, lenses in all).
    """
    masks = np.broadcast_to(hidden, (len(images), 1, *hidden.shape))
    return _measure(model, images, masks, np.array([hidden.mean()]), progress)


def _measure(
    model: Reconstructor, images: np.ndarray, masks: np.ndarray, ratios: np.ndarray, progress: Progress | None
) -> Difficulty:
    """Masks (N, K, gh, gw)."""
    step, columns = 16, []
    total = len(ratios) * len(images)
    for index in range(len(ratios)):
        parts = []
        for start in range(0, len(images), step):
            batch, hidden = images[start : start + step], masks[start : start + step, index]
            drawn = model.predict(batch, hidden=hidden).prediction
            pixels = pixel_masks(hidden, images.shape[1:])
            parts.append(np.stack([masked_mse(batch, drawn, pixels), masked_ssim(batch, drawn, pixels)]))
            if progress is not None:
                progress(index * len(images) + min(start + step, len(images)), total)
        columns.append(np.concatenate(parts, axis=1))
    errors, similarities = np.stack(columns, axis=-1)
    return Difficulty(ratios, errors, similarities)
