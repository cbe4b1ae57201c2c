"""How well an MAE redraws hidden patches."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lensmae.data import LensDataset
from lensmae.evaluation.metrics import masked_mse
from lensmae.evaluation.report import Progress, Report, Stopwatch, check_fit, choose_rows
from lensmae.models import Reconstructor


@dataclass(frozen=True)
class ReconstructionReport(Report):
    """Masked reconstruction.

    Attributes:
        masked_mse: (N,) mean squared error over hidden pixels, each image scaled to [0, 1].
        mask_ratio: share of patches hidden.
        seed: of the masks; the image in row i has the mask of seed + i, whatever the split or limit.
    """

    masked_mse: np.ndarray
    mask_ratio: float
    seed: int

    def figures(self) -> dict[str, Any]:
        """The mean error and the mask that it belongs to."""
        return {"masked_mse": np.mean(self.masked_mse), "mask_ratio": self.mask_ratio, "seed": self.seed}


def evaluate_reconstruction(
    model: Reconstructor,
    dataset: LensDataset,
    split: str = "test",
    *,
    limit: int | None = None,
    mask_ratio: float = 0.75,
    seed: int = 0,
    progress: Progress | None = None,
) -> ReconstructionReport:
    """Hide patches of every image of a split and measure the redrawn ones.

    Args:
        mask_ratio: in (0, 1).
        limit: measure so many images at most, chosen with a fixed seed.
        progress: called with (images done, images in all).
    """
    if not 0.0 < mask_ratio < 1.0:
        raise ValueError(f"mask_ratio is {mask_ratio}; it must be above 0 and below 1.")
    check_fit(model, dataset)
    watch = Stopwatch(choose_rows(dataset, split, limit), progress)
    errors = []
    for rows in watch.batches():
        images = np.asarray(dataset.images[rows])
        drawn = watch.measure(partial(model.predict, mask_ratio=mask_ratio, seed=seed + int(rows[0])), images)
        errors.append(masked_mse(images, drawn.prediction, drawn.mask))
    return ReconstructionReport(
        model.name, dataset.name, split, watch.rows, watch.seconds, np.concatenate(errors), mask_ratio, seed
    )
