"""Measure a checkpoint on a split of a data set; each report says what it measured, on what, and how fast."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lensmae.data import LensDataset, open_dataset
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import RocCurve, confusion, ece, masked_mse, mse, psnr, roc_curves, ssim
from lensmae.models import Classifier, Reconstructor, SuperResolver, bicubic_upsample, load_checkpoint

Progress = Callable[[int, int], None]
_BATCH = 64


@dataclass(frozen=True)
class Measured:
    """What every report shares: `indices` are rows of the data set."""

    checkpoint: str
    data: str
    split: str
    indices: np.ndarray
    seconds: float

    def facts(self) -> dict[str, Any]:
        """The part of the summary that is the same for all kinds."""
        count = len(self.indices)
        speed = {"n": count, "images_per_second": count / self.seconds}
        return speed | {"checkpoint": self.checkpoint, "data": self.data, "split": self.split}


@dataclass(frozen=True)
class ReconstructionReport(Measured):
    """Masked-patch error of every lens, (N,), on the [0, 1] scale; `mask_ratio` as measured.

    `baseline` is the error of drawing every hidden pixel as the mean of the image's visible pixels.
    """

    mask_ratio: float
    errors: np.ndarray
    baseline: np.ndarray

    def summary(self) -> dict[str, Any]:
        """Headline figures."""
        figures = {"masked_mse": float(self.errors.mean()), "masked_psnr": float(-10 * np.log10(self.errors).mean())}
        return figures | {"mask_ratio": self.mask_ratio, "visible_mean": {"masked_mse": float(self.baseline.mean())}, **self.facts()}


@dataclass(frozen=True)
class ClassificationReport(Measured):
    """Labels (N,) and probabilities (N, K) of every lens."""

    classes: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray

    @cached_property
    def curves(self) -> dict[str, RocCurve]:
        """One-vs-rest ROC curves and their macro mean."""
        return roc_curves(self.labels, self.probabilities, self.classes)

    @property
    def confusion(self) -> np.ndarray:
        """Counts (K, K), rows true, columns predicted."""
        return confusion(self.labels, self.probabilities.argmax(axis=1), self.classes)

    def summary(self) -> dict[str, Any]:
        """Headline figures."""
        auc = {name: curve.auc for name, curve in self.curves.items() if name != "macro"}
        accuracy = float((self.probabilities.argmax(axis=1) == self.labels).mean())
        macro = self.curves["macro"].auc if self.curves else None
        return {"macro_auc": macro, "auc": auc, "accuracy": accuracy, "ece": ece(self.probabilities, self.labels), **self.facts()}


@dataclass(frozen=True)
class SuperResReport(Measured):
    """PSNR (dB), SSIM and MSE of every pair, (N,) each, for the model and for bicubic interpolation."""

    psnr: np.ndarray
    ssim: np.ndarray
    mse: np.ndarray
    bicubic_psnr: np.ndarray
    bicubic_ssim: np.ndarray
    bicubic_mse: np.ndarray

    def summary(self) -> dict[str, Any]:
        """Headline figures."""
        model = {"psnr": float(self.psnr.mean()), "ssim": float(self.ssim.mean()), "mse": float(self.mse.mean())}
        bicubic = {"psnr": float(self.bicubic_psnr.mean()), "ssim": float(self.bicubic_ssim.mean())}
        bicubic |= {"mse": float(self.bicubic_mse.mean())}
        worse = int((self.psnr < self.bicubic_psnr).sum())
        return {**model, "bicubic": bicubic, "images_below_bicubic": worse, **self.facts()}


Report = ReconstructionReport | ClassificationReport | SuperResReport


def evaluate(
    checkpoint: str, data: str, split: str = "test", *, limit: int | None = None, progress: Progress | None = None
) -> Report:
    """Measure a checkpoint (name, run id, path) on a data set (name, path, original DeepLense folder)."""
    model = load_checkpoint(checkpoint)
    dataset = open_dataset(data)
    if isinstance(model, Classifier):
        return evaluate_classifier(model, dataset, split, limit=limit, progress=progress)
    if isinstance(model, SuperResolver):
        return evaluate_superres(model, dataset, split, limit=limit, progress=progress)
    return evaluate_reconstruction(model, dataset, split, limit=limit, progress=progress)


def select_rows(dataset: LensDataset, split: str, limit: int | None) -> np.ndarray:
    """Rows of a split; where limited, an evenly spread part of them, so that every class stays."""
    rows = dataset.indices(split)
    if len(rows) == 0:
        raise DatasetError(f"Data set {dataset.name} has no lenses in its {split} split; choose another split.")
    if limit is not None and limit < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, limit).round().astype(int)]
    return rows


def _batches(rows: np.ndarray, progress: Progress | None) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
        if progress is not None:
            progress(min(start + _BATCH, len(rows)), len(rows))


def check_images(model: Reconstructor | Classifier, dataset: LensDataset) -> None:
    """Raise `DatasetError` where the model cannot read the set's images."""
    height, width = dataset.images.shape[1:]
    size = model.patch_size
    if height % size or width % size:
        raise DatasetError(f"Data set {dataset.name} has {height}x{width} images; {model.name} needs sides divisible by {size}.")


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
    """Masked-patch error with one random mask a lens (seeded by `seed` and the lens's place)."""
    check_images(model, dataset)
    rows = select_rows(dataset, split, limit)
    errors, baseline, seconds = [], [], 0.0
    for batch in _batches(rows, progress):
        images = np.asarray(dataset.images[batch])
        start = time.perf_counter()
        drawn = model.predict(images, mask_ratio=mask_ratio, seed=seed + int(batch[0]))
        seconds += time.perf_counter() - start
        errors.append(masked_mse(images, drawn.prediction, drawn.mask))
        visible = np.where(drawn.mask, np.nan, images)
        flat = np.broadcast_to(np.nanmean(visible, axis=(1, 2), keepdims=True), images.shape)
        baseline.append(masked_mse(images, flat, drawn.mask))
    shared = (model.name, dataset.name, split, rows, seconds)
    return ReconstructionReport(*shared, mask_ratio, np.concatenate(errors), np.concatenate(baseline))


def evaluate_classifier(
    model: Classifier, dataset: LensDataset, split: str = "test", *, limit: int | None = None, progress: Progress | None = None
) -> ClassificationReport:
    """Probabilities (averaged over the eight symmetries) of every lens of a split."""
    check_images(model, dataset)
    missing = set(dataset.info.classes) - set(model.classes)
    if missing:
        raise DatasetError(
            f"Data set {dataset.name} has classes that {model.name} was not trained on: {', '.join(sorted(missing))}; "
            f"it knows {', '.join(model.classes)}."
        )
    rows = select_rows(dataset, split, limit)
    start = time.perf_counter()
    probabilities = [model.predict(np.asarray(dataset.images[batch])) for batch in _batches(rows, progress)]
    seconds = time.perf_counter() - start
    # The set's own order of classes need not be the model's.
    order = np.array([model.classes.index(name) for name in dataset.info.classes])
    labels = order[dataset.labels[rows]]
    return ClassificationReport(
        model.name, dataset.name, split, rows, seconds, model.classes, labels, np.concatenate(probabilities)
    )


def evaluate_superres(
    model: SuperResolver, dataset: LensDataset, split: str = "test", *, limit: int | None = None, progress: Progress | None = None
) -> SuperResReport:
    """The model and bicubic interpolation against the HR targets, data range 1."""
    if dataset.targets is None:
        raise DatasetError(f"Data set {dataset.name} has no HR targets; super-resolution needs LR/HR pairs (preset superres).")
    scale = dataset.targets.shape[1] / dataset.images.shape[1]
    if scale != model.scale:
        raise DatasetError(f"Data set {dataset.name} asks for scale {scale:g}; {model.name} was trained for {model.scale}.")
    rows = select_rows(dataset, split, limit)
    figures, seconds = [], 0.0
    for batch in _batches(rows, progress):
        low, high = np.asarray(dataset.images[batch]), np.asarray(dataset.targets[batch])
        start = time.perf_counter()
        drawn = model.predict(low)
        seconds += time.perf_counter() - start
        baseline = bicubic_upsample(low, model.scale)
        figures.append([measure(image, high) for image in (drawn, baseline) for measure in (psnr, ssim, mse)])
    columns = [np.concatenate(parts) for parts in zip(*figures, strict=True)]
    return SuperResReport(model.name, dataset.name, split, rows, seconds, *columns)
