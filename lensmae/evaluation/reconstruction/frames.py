"""One lens under every mask ratio: what the Reconstruction page slides through."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from einops import reduce, repeat

from lensmae.errors import ConfigError
from lensmae.evaluation.metrics import masked_mse, masked_ssim, unit_scale
from lensmae.models import Reconstructor
from lensmae.models.masking import hidden_from_scores, patch_scores
from lensmae.progress import Progress

RATIOS = tuple(round(0.05 * step, 2) for step in range(20))
STRATEGIES = ("random", "block", "grid", "half", "ring", "surroundings")


@dataclass(frozen=True)
class Frames:
    """Reconstructions of one lens; the masks are nested, each hides what the one before it hid and more.

    Attributes:
        ratios: (R,) mask ratios.
        predictions: (R, H, W) float32 flux.
        hidden: (R, gh, gw) bool, True = hidden.
        errors: (R,) masked-patch MSE on the [0, 1] scale; nan where nothing is hidden.
        similarities: (R,) SSIM of hidden pixels, see `masked_ssim`; nan where nothing is hidden.
        ready: (R,) bool, which of them are computed; all where None. Predictions of the others are zero, their errors nan.
    """

    ratios: np.ndarray
    predictions: np.ndarray
    hidden: np.ndarray
    errors: np.ndarray
    similarities: np.ndarray
    ready: np.ndarray | None = None

    @property
    def computed(self) -> np.ndarray:
        """Indices of the ratios that are there, (C,) int64."""
        return np.arange(len(self.ratios)) if self.ready is None else np.flatnonzero(self.ready)

    @property
    def complete(self) -> bool:
        """Whether every ratio is there."""
        return len(self.computed) == len(self.ratios)

    @property
    def masks(self) -> np.ndarray:
        """Hidden pixels, (R, H, W) bool."""
        return pixel_masks(self.hidden, self.predictions.shape[1:])

    def composites(self, image: np.ndarray) -> np.ndarray:
        """The image (H, W) with its hidden patches reconstructed, (R, H, W). What the network predicts for visible patches means
        nothing: the loss never looks there."""
        return np.where(self.masks, self.predictions, image)

    def patch_errors(self, image: np.ndarray) -> np.ndarray:
        """Mean squared error of every patch of the image (H, W), on the [0, 1] scale, (R, gh, gw)."""
        return patch_means(np.square(self.errors_signed(image)), self.hidden.shape[1:])

    def errors_signed(self, image: np.ndarray) -> np.ndarray:
        """Prediction minus image (H, W) in units of the image's range, (R, H, W)."""
        return (self.predictions - image) / unit_scale(image[None])[1]


def pixel_masks(hidden: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Hidden patches (R, gh, gw) as hidden pixels (R, H, W)."""
    return repeat(hidden, "r h w -> r (h p) (w q)", p=shape[0] // hidden.shape[1], q=shape[1] // hidden.shape[2])


def patch_means(values: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Means of (R, H, W) over the patches of a grid, (R, gh, gw)."""
    return reduce(values, "r (h p) (w q) -> r h w", "mean", h=grid[0], w=grid[1])


def reconstruction_frames(
    model: Reconstructor, image: np.ndarray, seed: int, strategy: str = "random", progress: Progress | None = None
) -> Frames:
    """Reconstruct one lens (H, W) at all `RATIOS` under the nested masks of one seed and strategy.

    Args:
        model: the network.
        image: flux (H, W).
        seed: of the masks.
        strategy: one of `STRATEGIES`.
        progress: called with (masks done, masks in all).
    """
    model.patch_grid(image.shape)
    return masked_frames(model, image, nested_masks(image, model.patch_size, seed, strategy), np.array(RATIOS), progress)


def masked_frames(
    model: Reconstructor,
    image: np.ndarray,
    hidden: np.ndarray,
    ratios: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Frames:
    """Reconstruct one lens (H, W) under each of the masks `hidden` (R, gh, gw); `ratios` are their shares where None.

    Args:
        model: the network.
        image: flux (H, W).
        hidden: (R, gh, gw) bool, True = hidden.
        ratios: (R,) shares to note; those of the masks where None.
        progress: called with (masks done, masks in all).
    """
    model.patch_grid(image.shape)
    drawn = []
    for mask in hidden:
        drawn.append(model.predict(image[None], hidden=mask[None]).prediction)
        if progress is not None:
            progress(len(drawn), len(hidden))
    predictions = np.concatenate(drawn)
    images, masks = np.broadcast_to(image, predictions.shape), pixel_masks(hidden, image.shape)
    measured = masked_mse(images, predictions, masks), masked_ssim(images, predictions, masks)
    return Frames(hidden.mean(axis=(1, 2)) if ratios is None else ratios, predictions, hidden, *measured)


def error_table(frames: Frames) -> pd.DataFrame:
    """One row a mask: mask ratio, hidden patches, MSE, PSNR (dB) and SSIM of hidden pixels on the [0, 1] scale."""
    with np.errstate(divide="ignore"):
        psnr_db = -10 * np.log10(frames.errors)
    columns = {"mask_ratio": frames.ratios, "hidden_patches": frames.hidden.sum(axis=(1, 2))}
    return pd.DataFrame(columns | {"masked_mse": frames.errors, "masked_psnr_db": psnr_db, "masked_ssim": frames.similarities})


def nested_masks(
    image: np.ndarray, patch_size: int, seed: int, strategy: str = "random", ratios: Sequence[float] = RATIOS
) -> np.ndarray:
    """Masks (R, gh, gw) bool of the ratios: the patches with the highest scores are hidden, as `PatchShuffle` does it.

    Args:
        image: flux (H, W).
        patch_size: pixels.
        seed: of the masks.
        strategy: one of `STRATEGIES`.
        ratios: mask ratios in [0, 1).
    """
    scores = hiding_scores(image, patch_size, seed, strategy)
    flat = torch.from_numpy(scores.reshape(1, -1))
    return np.concatenate([hidden_from_scores(flat, ratio).reshape(1, *scores.shape).numpy() for ratio in ratios])


def hiding_scores(image: np.ndarray, patch_size: int, seed: int, strategy: str) -> np.ndarray:
    """A score a patch (gh, gw); higher scores are hidden first.

    random: the scores that `Reconstructor.predict` draws from this seed. block: near a random patch. grid: evenly spread.
    half: on one side of a random direction. ring: near the ring, whose radius is the flux-weighted mean radius of the
    image. surroundings: far from the ring.

    Args:
        image: flux (H, W).
        patch_size: pixels.
        seed: of the masks.
        strategy: one of `STRATEGIES`.
    """
    height, width = image.shape
    shape = (height // patch_size, width // patch_size)
    scores = patch_scores([seed], shape[0] * shape[1]).numpy().reshape(shape).astype(np.float64)
    if strategy == "random":
        return scores
    if strategy not in STRATEGIES:
        raise ConfigError(f"There is no mask strategy {strategy!r}; there are {', '.join(STRATEGIES)}.")
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    # Ties are broken at random, so that a mask does not depend on the raster order.
    return _PATTERNS[strategy](rows, columns, image, patch_size, rng) + 1e-3 * scores


def _block(rows: np.ndarray, columns: np.ndarray, image: np.ndarray, patch_size: int, rng: np.random.Generator) -> np.ndarray:
    row, column = rng.integers(rows.shape[0]), rng.integers(rows.shape[1])
    return -np.maximum(np.abs(rows - row), np.abs(columns - column)).astype(np.float64)


def _grid(rows: np.ndarray, columns: np.ndarray, image: np.ndarray, patch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Bayer's ordering (1973): at every ratio the hidden patches are spread as evenly as they can be."""
    matrix = np.zeros((1, 1))
    while len(matrix) < max(rows.shape):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    row, column = rng.integers(len(matrix), size=2)
    return matrix[(rows + row) % len(matrix), (columns + column) % len(matrix)]


def _half(rows: np.ndarray, columns: np.ndarray, image: np.ndarray, patch_size: int, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    return rows * np.sin(angle) + columns * np.cos(angle)


def _ring(rows: np.ndarray, columns: np.ndarray, image: np.ndarray, patch_size: int, rng: np.random.Generator) -> np.ndarray:
    y, x = np.indices(image.shape)
    radius = np.hypot(y - (image.shape[0] - 1) / 2, x - (image.shape[1] - 1) / 2)
    weight = np.clip(image - np.median(image), 0, None) + 1e-12
    ring = float((radius * weight).sum() / weight.sum()) / patch_size
    return -np.abs(np.hypot(rows - (rows.shape[0] - 1) / 2, columns - (rows.shape[1] - 1) / 2) - ring)


def _surroundings(
    rows: np.ndarray, columns: np.ndarray, image: np.ndarray, patch_size: int, rng: np.random.Generator
) -> np.ndarray:
    return -_ring(rows, columns, image, patch_size, rng)


_PATTERNS = {"block": _block, "grid": _grid, "half": _half, "ring": _ring, "surroundings": _surroundings}
