"""Measure a checkpoint on a split of a data set; each report says what it measured, on what, and how fast."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from lensmae.data import LensDataset, open_dataset
from lensmae.data.store.dataset import select_rows
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.measure.notes import overlap_note
from lensmae.evaluation.measure.rows import HERE, Here, Wanted
from lensmae.evaluation.measure.suited import (
    check_classes,
    held_out,
    is_on_another_scale,
    left_out_note,
    range_note,
    withheld_note,
)
from lensmae.evaluation.metrics import RocCurve, confusion, ece, roc_curves
from lensmae.evaluation.ood.network_input import check_images, network_inputs
from lensmae.evaluation.ood.references import reference_or_problem
from lensmae.evaluation.proportions import exact_interval
from lensmae.models import Classifier, Reconstructor, SuperResolver, load_checkpoint
from lensmae.progress import Progress

_BATCH = 64


@dataclass(frozen=True)
class Measured:
    """What every report shares: `indices` are rows of the data set, `seconds` the time that predicting took.

    `note` warns where the images measured are, or may be, those the checkpoint was trained on.
    """

    checkpoint: str
    data: str
    split: str
    indices: np.ndarray
    seconds: float
    note: str | None

    def facts(self) -> dict[str, Any]:
        """The part of the summary that is the same for all kinds."""
        count = len(self.indices)
        speed = {"n": count, "images_per_second": count / self.seconds}
        facts = speed | {"checkpoint": self.checkpoint, "data": self.data, "split": self.split}
        return facts | ({"note": self.note} if self.note else {})


def _plain(value: Any) -> Any:
    """Figures as JSON knows them: what is not finite becomes None."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


@dataclass(frozen=True)
class ReconstructionReport(Measured):
    """Masked-patch error of every lens, (N,), on the [0, 1] scale; `mask_ratio` as measured.

    `baseline` is the error of drawing every hidden pixel as the mean of the image's visible pixels, `linear` that of the
    network's linear prior alone; None where it has none. `classes` names the class of every lens, (N,) str.
    """

    mask_ratio: float
    errors: np.ndarray
    baseline: np.ndarray
    classes: np.ndarray
    linear: np.ndarray | None = None

    def summary(self) -> dict[str, Any]:
        """Headline figures."""
        with np.errstate(divide="ignore"):
            figures = self._means(self.errors) | {"masked_psnr": (-10 * np.log10(self.errors)).mean()}
        baseline = {"visible_mean": self._means(self.baseline)}
        if self.linear is not None:
            baseline["linear_prior"] = self._means(self.linear)
        return _plain({**figures, "mask_ratio": self.mask_ratio, **baseline, **self.facts()})

    def _means(self, errors: np.ndarray) -> dict[str, Any]:
        found = {str(name): errors[self.classes == name].mean() for name in np.unique(self.classes)}
        return {"masked_mse": errors.mean(), "masked_mse_by_class": found}


@dataclass(frozen=True)
class ClassificationReport(Measured):
    """Labels (N,) and probabilities (N, K) of every lens, and whether it is in the network's domain, (N,) bool: of others
    `lensmae predict` withholds the class. None where nothing is known of the domain."""

    classes: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    answered: np.ndarray | None = None

    @cached_property
    def curves(self) -> dict[str, RocCurve]:
        """One-vs-rest ROC curves and their macro mean."""
        return roc_curves(self.labels, self.probabilities, self.classes)

    @property
    def auc(self) -> dict[str, float]:
        """One-vs-rest AUC of every class; nan where the images hold none, or nothing else."""
        return {name: self.curves[name].auc if name in self.curves else float("nan") for name in self.classes}

    @property
    def macro_auc(self) -> float:
        """Mean one-vs-rest AUC of the classes that the images hold; nan where they hold one only."""
        return self.curves["macro"].auc if self.curves else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of lenses whose most probable class is the true one."""
        return float((self.probabilities.argmax(axis=1) == self.labels).mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """The accuracies that the images are compatible with at 95 %: the exact binomial interval (Clopper & Pearson 1934)."""
        return exact_interval(int((self.probabilities.argmax(axis=1) == self.labels).sum()), len(self.labels))

    @property
    def ece(self) -> float:
        """Expected calibration error in 15 bins."""
        return ece(self.probabilities, self.labels)

    @property
    def confusion(self) -> np.ndarray:
        """Counts (K, K), rows true, columns predicted."""
        return self.confusion_of(self.probabilities.argmax(axis=1))

    def confusion_of(self, called: np.ndarray) -> np.ndarray:
        """The same for other calls (N,), indices in `classes`."""
        return confusion(self.labels, called, self.classes)

    def summary(self) -> dict[str, Any]:
        """Headline figures; the AUC of a class that the images lack is None, and not part of the macro mean."""
        figures = {"macro_auc": self.macro_auc, "auc": self.auc, "accuracy": self.accuracy, "ece": self.ece}
        figures["accuracy_low"], figures["accuracy_high"] = self.accuracy_interval
        if self.answered is not None:
            right = self.probabilities.argmax(axis=1) == self.labels
            figures["answered"] = float(self.answered.mean())
            figures["accuracy_answered"] = float(right[self.answered].mean()) if self.answered.any() else float("nan")
        return _plain({**figures, **self.facts()})


@dataclass(frozen=True)
class SuperResReport(Measured):
    """PSNR (dB), SSIM and MSE of every pair, (N,) each, for the model and for bicubic interpolation.

    `flux` and `bicubic_flux` are the total flux of each image made over that of its HR image. `floor_psnr`, `floor_ssim` and
    `floor_mse` are the scores of the noise-free truth against the HR image; None where the data set has no truths. They are no
    upper bound: an LR image that was made from the HR image shares its noise, and a model that keeps it scores higher. What one
    would score that knew the truth and kept all of it, `limit_psnr`, `limit_ssim` and `limit_mse`, is about the bound (see
    `lensmae.evaluation.superresolution.noise_limit`); None also where LR is not the bicubic downsampling of HR.
    """

    psnr: np.ndarray
    ssim: np.ndarray
    mse: np.ndarray
    bicubic_psnr: np.ndarray
    bicubic_ssim: np.ndarray
    bicubic_mse: np.ndarray
    flux: np.ndarray
    bicubic_flux: np.ndarray
    floor_psnr: np.ndarray | None = None
    floor_ssim: np.ndarray | None = None
    floor_mse: np.ndarray | None = None
    limit_psnr: np.ndarray | None = None
    limit_ssim: np.ndarray | None = None
    limit_mse: np.ndarray | None = None

    def summary(self) -> dict[str, Any]:
        """Headline figures: means over images."""
        model = {"psnr": self.psnr.mean(), "ssim": self.ssim.mean(), "mse": self.mse.mean()}
        bicubic = {"psnr": self.bicubic_psnr.mean(), "ssim": self.bicubic_ssim.mean(), "mse": self.bicubic_mse.mean()}
        worse = int((self.psnr < self.bicubic_psnr).sum())
        limit = {} if self.limit_psnr is None else {"limit": {"psnr": self.limit_psnr.mean(), "ssim": self.limit_ssim.mean()}}
        return _plain({**model, "bicubic": bicubic, **limit, "images_below_bicubic": worse, **self.facts()})


Report = ReconstructionReport | ClassificationReport | SuperResReport


def evaluate(
    checkpoint: str,
    data: str | LensDataset,
    split: str | None = None,
    *,
    limit: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    source: Here = HERE,
) -> Report:
    """Measure a checkpoint (name, run id, path) on a data set (name, path, original DeepLense folder).

    Args:
        checkpoint: name, run id or path.
        data: an open data set, or its name, path, or a folder in the original DeepLense layout.
        split: train, validation, test or all; where None, test, or validation in a set without a test split.
        limit: measure so many images at most, spread over the split.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        progress: called with (images done, images in all).
        source: where lenses are measured: here, or in parts on a cluster (`Apart`).
    """
    model = load_checkpoint(checkpoint, pick_device(device))
    dataset = open_dataset(data, leave_out=True) if isinstance(data, str) else data
    split, chosen = held_out(dataset) if split is None else (split, None)
    of_kind = {Classifier: evaluate_classifier, SuperResolver: evaluate_superres, Reconstructor: evaluate_reconstruction}
    measure = next((measure for kind, measure in of_kind.items() if isinstance(model, kind)), None)
    if measure is None:
        raise TypeError(f"There are no figures of a {type(model).__name__}.")
    report = measure(model, dataset, split, limit=limit, progress=progress, source=source)
    return replace(report, note=_said(report.note, chosen, left_out_note(dataset)))


def pick_device(name: str) -> str:
    """The torch device of "auto", "cpu" or "cuda"; `ConfigError` where it is another or not there."""
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"There is no device {name!r}; there are auto, cpu and cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("This machine has no GPU that torch can use; choose the device cpu or auto.")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def _said(*notes: str | None) -> str | None:
    return " ".join(filter(None, notes)) or None


def evaluate_reconstruction(
    model: Reconstructor,
    dataset: LensDataset,
    split: str = "test",
    *,
    limit: int | None = None,
    mask_ratio: float = 0.75,
    seed: int = 0,
    progress: Progress | None = None,
    source: Here = HERE,
) -> ReconstructionReport:
    """Masked-patch error with one random mask a lens (seeded by `seed` and the lens's index).

    Args:
        model: the network.
        dataset: the data set.
        split: train, validation, test or all.
        limit: lenses at most, spread over the split; all where None.
        mask_ratio: share of patches hidden, in [0, 1).
        seed: of the masks.
        progress: called with (lenses done, lenses in all).
        source: as of `evaluate`.
    """
    dataset, brought = network_inputs(dataset, model)
    check_images(model, dataset)
    rows = select_rows(dataset, split, limit)
    table = source(model, dataset, rows, Wanted(mask_ratio=mask_ratio, seed=seed), progress)
    shared = (model.name, dataset.name, split, rows, table["seconds"].sum(), _said(overlap_note(model, dataset, split), brought))
    alone = table["linear"].to_numpy() if "linear" in table else None
    classes = np.asarray(dataset.info.classes)[dataset.labels[rows]]
    return ReconstructionReport(*shared, mask_ratio, table["errors"].to_numpy(), table["baseline"].to_numpy(), classes, alone)


def evaluate_classifier(
    model: Classifier,
    dataset: LensDataset,
    split: str = "test",
    *,
    limit: int | None = None,
    d4: bool | None = None,
    progress: Progress | None = None,
    source: Here = HERE,
) -> ClassificationReport:
    """Probabilities of every lens of a split, as `lensmae predict` gives them; with `d4`, as `Classifier.predict` does.

    Args:
        model: the classifier.
        dataset: the data set.
        split: train, validation, test or all.
        limit: lenses at most, spread over the split; all where None.
        d4: average over the eight symmetries or not; where None, as the card says, at the temperature of its reference.
        progress: called with (lenses done, lenses in all).
        source: as of `evaluate`.
    """
    dataset, brought = network_inputs(dataset, model)
    check_images(model, dataset)
    check_classes(model, dataset)
    rows = select_rows(dataset, split, limit)
    table = source(model, dataset, rows, Wanted(d4=d4), progress)
    # The set's own order of classes need not be the model's.
    order = np.array([model.classes.index(name) if name in model.classes else -1 for name in dataset.info.classes])
    labels = order[dataset.labels[rows]]
    answered = table["answered"].to_numpy(dtype=bool) if "answered" in table else None
    withheld = None if answered is None else withheld_note(model.name, answered)
    said = _said(overlap_note(model, dataset, split), brought, withheld, reference_or_problem(model.path)[1])
    shared = (model.name, dataset.name, split, rows, table["seconds"].sum(), said)
    probabilities = table.drop(columns=["seconds", "answered"], errors="ignore").to_numpy()
    return ClassificationReport(*shared, model.classes, labels, probabilities, answered)


def evaluate_superres(
    model: SuperResolver,
    dataset: LensDataset,
    split: str = "test",
    *,
    limit: int | None = None,
    d4: bool = False,
    progress: Progress | None = None,
    source: Here = HERE,
) -> SuperResReport:
    """The model and bicubic interpolation against the HR targets, data range 1 or, of counts, that of each HR image.

    Args:
        model: the super-resolver.
        dataset: the data set.
        split: train, validation, test or all.
        limit: lenses at most, spread over the split; all where None.
        d4: average over the eight symmetries, as in `SuperResolver.predict`.
        progress: called with (pairs done, pairs in all).
        source: as of `evaluate`.
    """
    if dataset.targets is None:
        raise DatasetError(f"Data set {dataset.name} has no HR targets; super-resolution needs LR/HR pairs (preset superres).")
    (height, width), (high, wide) = dataset.images.shape[1:], dataset.targets.shape[1:]
    if (high, wide) != (model.scale * height, model.scale * width):
        raise DatasetError(
            f"Data set {dataset.name} has {high}x{wide} targets for {height}x{width} images; {model.name} enlarges "
            f"{model.scale} times."
        )
    rows = select_rows(dataset, split, limit)
    table = source(model, dataset, rows, Wanted(d4=d4), progress)
    first = np.asarray(dataset.targets[rows[:_BATCH]])
    said = _said(overlap_note(model, dataset, split), range_note(first) if is_on_another_scale(first) else None)
    shared = (model.name, dataset.name, split, rows, table["seconds"].sum(), said)
    return SuperResReport(*shared, **{name: column.to_numpy() for name, column in table.drop(columns="seconds").items()})
