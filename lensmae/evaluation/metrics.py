"""Figures of merit: arrays in, arrays or small dataclasses out. Libraries compute where they can.

scikit-learn is imported where it is used: it takes a second that opening a page should not wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from skimage.metrics import structural_similarity


@dataclass(frozen=True)
class RocCurve:
    """One ROC curve: false- and true-positive rate, thresholds (falling), area under it."""

    fpr: np.ndarray
    tpr: np.ndarray
    thresholds: np.ndarray
    auc: float


@dataclass(frozen=True)
class PrCurve:
    """One precision-recall curve: recall (rising), precision, thresholds, average precision, and the precision of guessing."""

    recall: np.ndarray
    precision: np.ndarray
    thresholds: np.ndarray
    average: float
    prevalence: float

    def at(self, recall: np.ndarray) -> np.ndarray:
        """Precision where the curve first reaches a recall (G,): it is a step function, and average precision its area."""
        return self.precision[np.minimum(np.searchsorted(self.recall, recall), len(self.recall) - 1)]


def mse(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean squared error an image: (N, H, W) twice -> (N,) float64."""
    if first.shape != second.shape or first.ndim != 3:
        raise ValueError(f"Expected two arrays of one shape (N, H, W), got {first.shape} and {second.shape}.")
    return np.square(first.astype(np.float64) - second.astype(np.float64)).mean(axis=(1, 2))


def psnr(first: np.ndarray, second: np.ndarray, data_range: float = 1.0) -> np.ndarray:
    """Peak signal-to-noise ratio an image in dB, (N,); infinite where the images are equal."""
    error = mse(first, second)
    return np.where(error > 0, 10.0 * np.log10(data_range**2 / np.where(error > 0, error, 1.0)), np.inf)


def ssim(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Structural similarity an image, (N,): scikit-image's defaults (7x7 uniform window), data range 1 (Wang et al. 2004)."""
    return np.array([structural_similarity(a, b, data_range=1.0) for a, b in zip(first, second, strict=True)])


def unit_scale(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offset and width of each image's range, (N, 1, 1) each: (image - offset) / width lies in [0, 1]; width 1 where flat."""
    low = images.min(axis=(1, 2), keepdims=True)
    width = images.max(axis=(1, 2), keepdims=True) - low
    return low, np.where(width > 0, width, 1.0)


def masked_mse(images: np.ndarray, prediction: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean squared error over hidden pixels, each image scaled to [0, 1] by its own minimum and maximum: (N,) float64.

    Args:
        images: (N, H, W) flux.
        prediction: (N, H, W) flux, scaled with the image's own offset and width.
        mask: (N, H, W) bool, True = hidden; nan for an image that hides nothing.
    """
    _, width = unit_scale(images)
    error = np.square((prediction.astype(np.float64) - images) / width) * mask
    hidden = mask.sum(axis=(1, 2))
    return np.where(hidden > 0, error.sum(axis=(1, 2)) / np.maximum(hidden, 1), np.nan)


def masked_ssim(images: np.ndarray, prediction: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean of the SSIM map (as `ssim`) over hidden pixels, of the image with its hidden pixels reconstructed against the image,
    both on the scale of `masked_mse`: (N,) float64. Arguments as there; nan for an image that hides nothing.
    """
    low, width = unit_scale(images)
    truth = (images - low) / width
    reconstructed = np.where(mask, (prediction - low) / width, truth)
    maps = (structural_similarity(a, b, data_range=1.0, full=True)[1] for a, b in zip(truth, reconstructed, strict=True))
    return np.array([local[hidden].mean() if hidden.any() else np.nan for local, hidden in zip(maps, mask, strict=True)])


def confidence_bins(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Index of each confidence (N,) in (0, 1] among equal-width bins that are open below."""
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def ece(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the top class, equal-width bins (Guo et al. 2017, arXiv:1706.04599, eq. 3)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    index = confidence_bins(confidence, bins)
    gaps = [abs(correct[index == b].mean() - confidence[index == b].mean()) * (index == b).mean() for b in np.unique(index)]
    return float(np.sum(gaps))


def roc_curves(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> dict[str, RocCurve]:
    """One-vs-rest curve of every class that has lenses on both sides, "macro", their mean at equal false-positive rate, and
    "micro", all decisions of all those classes pooled.

    Args:
        labels: (N,) int, index in `classes`.
        probabilities: (N, K).
        classes: names, in the order of the probabilities.

    Returns:
        A curve a class, then "macro", whose AUC is the mean AUC and whose thresholds are nan, then "micro". Empty where the
        labels hold one class only.
    """
    tests = _one_vs_rest(labels, probabilities, classes)
    curves = {name: _roc(truth, scores) for name, (truth, scores) in tests.items()}
    if curves:
        # Where a curve rises vertically, `interp` takes its upper end; every curve starts at (0, 0).
        grid = np.unique(np.concatenate([curve.fpr for curve in curves.values()]))
        mean = np.mean([np.interp(grid, curve.fpr, curve.tpr) for curve in curves.values()], axis=0)
        macro = float(np.mean([curve.auc for curve in curves.values()]))
        curves["macro"] = RocCurve(np.r_[0.0, grid], np.r_[0.0, mean], np.full(len(grid) + 1, np.nan), macro)
        curves["micro"] = _roc(*map(np.concatenate, zip(*tests.values(), strict=True)))
    return curves


def pr_curves(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> dict[str, PrCurve]:
    """Precision-recall curves of the classes, "macro" and "micro" of `roc_curves`, which see for arguments.

    "macro" is the mean precision at equal recall; its average precision is the mean over classes.
    """
    tests = _one_vs_rest(labels, probabilities, classes)
    curves = {name: _pr(truth, scores) for name, (truth, scores) in tests.items()}
    if curves:
        grid = np.unique(np.concatenate([curve.recall for curve in curves.values()]))
        means = np.mean([curve.at(grid) for curve in curves.values()], axis=0)
        average, chance = (float(np.mean([getattr(c, name) for c in curves.values()])) for name in ("average", "prevalence"))
        curves["macro"] = PrCurve(grid, means, np.full(len(grid), np.nan), average, chance)
        curves["micro"] = _pr(*map(np.concatenate, zip(*tests.values(), strict=True)))
    return curves


def _one_vs_rest(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Truth and scores (N,) of every class that has lenses on both sides."""
    tests = {name: (labels == index, probabilities[:, index]) for index, name in enumerate(classes)}
    return {name: test for name, test in tests.items() if test[0].any() and not test[0].all()}


def _roc(truth: np.ndarray, scores: np.ndarray) -> RocCurve:
    from sklearn.metrics import roc_auc_score, roc_curve

    return RocCurve(*roc_curve(truth, scores), float(roc_auc_score(truth, scores)))


def _pr(truth: np.ndarray, scores: np.ndarray) -> PrCurve:
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, scores)
    # scikit-learn begins at recall 1; its last point, recall 0 and precision 1, has no threshold.
    thresholds = np.r_[np.inf, thresholds[::-1]]
    return PrCurve(recall[::-1], precision[::-1], thresholds, float(average_precision_score(truth, scores)), float(truth.mean()))


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Counts (K, K): rows are true classes, columns predicted ones."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, predicted, labels=range(len(classes)))
