"""How close super-resolution comes to the truth, beside bicubic interpolation."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import mse, psnr, ssim
from lensmae.evaluation.report import Progress, Report, Stopwatch, choose_rows
from lensmae.models import SuperResolver, bicubic_upsample


@dataclass(frozen=True)
class ImageScores:
    """Agreement with the truth of each image, data range 1.

    Attributes:
        psnr: (N,) in dB.
        ssim: (N,) as scikit-image defines it by default.
        mse: (N,).
    """

    psnr: np.ndarray
    ssim: np.ndarray
    mse: np.ndarray

    def means(self) -> dict[str, float]:
        """The mean over images of each."""
        return {name: float(np.mean(values)) for name, values in vars(self).items()}


def score_images(images: np.ndarray, truth: np.ndarray) -> ImageScores:
    """Scores of images (N, H, W) against their truth (N, H, W), data range 1."""
    return ImageScores(psnr(images, truth), ssim(images, truth), mse(images, truth))


@dataclass(frozen=True)
class SuperResReport(Report):
    """Scores of the network and of bicubic interpolation on the same images."""

    scores: ImageScores
    bicubic: ImageScores

    def figures(self) -> dict[str, Any]:
        """PSNR, SSIM and MSE, and the same for bicubic interpolation."""
        return {**self.scores.means(), "bicubic": self.bicubic.means()}


def evaluate_superres(
    model: SuperResolver,
    dataset: LensDataset,
    split: str = "test",
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> SuperResReport:
    """Super-resolve every LR image of a split and compare it with its HR image.

    Args:
        limit: measure so many images at most, chosen with a fixed seed.
        progress: called with (images done, images in all).
    """
    targets = _targets(model, dataset)
    watch = Stopwatch(choose_rows(dataset, split, limit), progress)
    scores, baseline = [], []
    for rows in watch.batches():
        images, truth = np.asarray(dataset.images[rows]), np.asarray(targets[rows])
        scores.append(score_images(watch.measure(model.predict, images), truth))
        baseline.append(score_images(bicubic_upsample(images, model.scale), truth))
    return SuperResReport(model.name, dataset.name, split, watch.rows, watch.seconds, _joined(scores), _joined(baseline))


def _joined(parts: list[ImageScores]) -> ImageScores:
    return ImageScores(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in ("psnr", "ssim", "mse")})


def _targets(model: SuperResolver, dataset: LensDataset) -> np.ndarray:
    if dataset.targets is None:
        raise DatasetError(
            f"Data set {dataset.name} holds no LR/HR pairs, which measuring super-resolution needs; "
            "`lensmae simulate superres NAME` makes some."
        )
    wanted = tuple(model.scale * side for side in dataset.images.shape[1:])
    if dataset.targets.shape[1:] != wanted:
        raise DatasetError(
            f"Data set {dataset.name} has HR images of {_size(dataset.targets.shape[1:])} pixels for LR images of "
            f"{_size(dataset.images.shape[1:])}; checkpoint {model.name} enlarges {model.scale} times, to {_size(wanted)}."
        )
    return dataset.targets


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
