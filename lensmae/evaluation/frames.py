"""One lens under every mask ratio: what the Reconstruction page slides through."""

from dataclasses import dataclass

import numpy as np

from lensmae.evaluation.metrics import masked_mse
from lensmae.models import Reconstructor

RATIOS = tuple(round(0.05 * step, 2) for step in range(20))


@dataclass(frozen=True)
class Frames:
    """Reconstructions of one lens; masks of one seed are nested.

    Attributes:
        ratios: (R,) mask ratios.
        predictions: (R, H, W) float32 flux.
        hidden: (R, gh, gw) bool, True = hidden.
        errors: (R,) masked-patch MSE on the [0, 1] scale; nan where nothing is hidden.
    """

    ratios: np.ndarray
    predictions: np.ndarray
    hidden: np.ndarray
    errors: np.ndarray


def reconstruction_frames(model: Reconstructor, image: np.ndarray, seed: int) -> Frames:
    """Redraw one lens (H, W) at all `RATIOS` under the masks of one seed."""
    drawn = [model.predict(image[None], mask_ratio=ratio, seed=seed) for ratio in RATIOS]
    predictions = np.concatenate([one.prediction for one in drawn])
    masks = np.concatenate([one.mask for one in drawn])
    errors = masked_mse(np.broadcast_to(image, predictions.shape), predictions, masks)
    return Frames(np.array(RATIOS), predictions, np.concatenate([one.hidden for one in drawn]), errors)
