"""How well a classifier tells dark-matter models apart."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import RocCurve, ece, roc_curves
from lensmae.evaluation.report import Progress, Report, Stopwatch, check_fit, choose_rows
from lensmae.models import Classifier


@dataclass(frozen=True)
class ClassificationReport(Report):
    """Class probabilities beside the truth.

    Attributes:
        labels: (N,) true class, as its place in `classes`.
        probabilities: (N, K) float32, softmax averaged over the eight symmetries (or not, see `d4`).
        classes: names in the order of the probabilities.
        d4: whether the probabilities are averages over the eight symmetries.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
    d4: bool

    @cached_property
    def curves(self) -> dict[str, RocCurve]:
        """One-vs-rest ROC of each class, and "macro"."""
        return roc_curves(self.labels, self.probabilities, self.classes)

    @property
    def auc(self) -> dict[str, float]:
        """One-vs-rest AUC of each class; nan where the split lacks the class or holds nothing else."""
        return {name: self.curves[name].auc for name in self.classes}

    @property
    def macro_auc(self) -> float:
        """Mean one-vs-rest AUC; nan where that of a class is."""
        return self.curves["macro"].auc

    @property
    def predicted(self) -> np.ndarray:
        """(N,) most probable class, as its place in `classes`."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of images whose most probable class is the true one."""
        return float(np.mean(self.predicted == self.labels))

    @property
    def ece(self) -> float:
        """Expected calibration error in 15 bins."""
        return ece(self.probabilities, self.labels)

    @property
    def confusion(self) -> np.ndarray:
        """(K, K) image counts, true class down and predicted class across."""
        count = len(self.classes)
        return np.bincount(self.labels * count + self.predicted, minlength=count**2).reshape(count, count)

    def figures(self) -> dict[str, Any]:
        """AUC, accuracy and calibration."""
        return {"macro_auc": self.macro_auc, "auc": self.auc, "accuracy": self.accuracy, "ece": self.ece, "d4": self.d4}


def evaluate_classifier(
    model: Classifier,
    dataset: LensDataset,
    split: str = "test",
    *,
    limit: int | None = None,
    d4: bool = True,
    progress: Progress | None = None,
) -> ClassificationReport:
    """Classify every image of a split.

    Args:
        limit: measure so many images at most, chosen with a fixed seed.
        d4: average the probabilities over rotations and flips, eight forward passes an image.
        progress: called with (images done, images in all).
    """
    check_fit(model, dataset)
    labels = _labels(model, dataset)
    watch = Stopwatch(choose_rows(dataset, split, limit), progress)
    predict = partial(model.predict, d4=d4)
    probabilities = [watch.measure(predict, np.asarray(dataset.images[rows])) for rows in watch.batches()]
    return ClassificationReport(
        model.name,
        dataset.name,
        split,
        watch.rows,
        watch.seconds,
        labels[watch.rows],
        np.concatenate(probabilities),
        tuple(model.classes),
        d4,
    )


def _labels(model: Classifier, dataset: LensDataset) -> np.ndarray:
    """True classes by name in the model's order; a folder may list its classes in another one."""
    unknown = [name for name in dataset.info.classes if name not in model.classes and dataset.info.counts.get(name, 0)]
    if unknown:
        raise DatasetError(
            f"Data set {dataset.name} has the class {unknown[0]!r}, which checkpoint {model.name} does not know; "
            f"it tells apart {', '.join(model.classes)}."
        )
    places = np.array([model.classes.index(name) if name in model.classes else -1 for name in dataset.info.classes])
    return places[dataset.labels]
