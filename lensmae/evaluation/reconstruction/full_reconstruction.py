"""A whole lens reconstructed by an MAE that never saw the pixel it reconstructs, and how wrong it was: the anomaly score."""

from dataclasses import dataclass

import numpy as np

from lensmae.evaluation.metrics import unit_scale
from lensmae.models import Reconstructor

PARTS = 4


@dataclass(frozen=True)
class FullReconstruction:
    """Lenses reconstructed from what surrounds each pixel.

    Attributes:
        prediction: (B, H, W) float32 flux, the mean of all drawings of a pixel in which it was hidden.
        error: (B, H, W) float32, the mean squared error of those drawings, the image on [0, 1].
        score: (B,) float64, mean of `error` over the image: masked-patch MSE averaged over the masks.
    """

    prediction: np.ndarray
    error: np.ndarray
    score: np.ndarray


def balanced_masks(grid: tuple[int, int], parts: int = PARTS, seed: int = 0) -> np.ndarray:
    """Masks (parts, gh, gw) bool, True = hidden. The patches are dealt to `parts` random parts and each mask shows one, so
    every patch is hidden equally often: with four parts the mask ratio is 0.75 and each is hidden three times."""
    order = np.random.default_rng(seed).permutation(grid[0] * grid[1])
    return (order % parts)[None].reshape(1, *grid) != np.arange(parts).reshape(-1, 1, 1)


def reconstruct(model: Reconstructor, images: np.ndarray) -> FullReconstruction:
    """Reconstruct images (B, H, W) under the same few balanced masks; the answer for an image does not depend on its neighbours.

    Raises `DatasetError` where the images cannot be cut into the model's patches, or are not of its only size.
    """
    grid = model.patch_grid(images.shape, "The images have")
    _, span = unit_scale(images)
    drawn, error = np.zeros(images.shape), np.zeros(images.shape)
    masks = balanced_masks(grid)
    for hidden in masks:
        one = model.predict(images, hidden=np.repeat(hidden[None], len(images), axis=0))
        drawn += np.where(one.mask, one.prediction, 0.0)
        error += np.where(one.mask, np.square((one.prediction.astype(np.float64) - images) / span), 0.0)
    times = len(masks) - 1
    error /= times
    return FullReconstruction((drawn / times).astype(np.float32), error.astype(np.float32), error.mean(axis=(1, 2)))
