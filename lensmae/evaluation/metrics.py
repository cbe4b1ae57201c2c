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
    """Mean of the SSIM map (as `ssim`) over hidden pixels, of the image with its hidden pixels redrawn against the image, both on
    the scale of `masked_mse`: (N,) float64. Arguments as there; nan for an image that hides nothing.
    """
    low, width = unit_scale(images)
    truth = (images - low) / width
    redrawn = np.where(mask, (prediction - low) / width, truth)
    maps = (structural_similarity(a, b, data_range=1.0, full=True)[1] for a, b in zip(truth, redrawn, strict=True))
    return np.array([local[hidden].mean() if hidden.any() else np.nan for local, hidden in zip(maps, mask, strict=True)])


def ece(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the top class, equal-width bins (Guo et al. 2017, arXiv:1706.04599, eq. 3)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = [abs(correct[place == b].mean() - confidence[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(np.sum(gaps))


def roc_curves(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> dict[str, RocCurve]:
    """One-vs-rest curve of every class that has lenses on both sides, and "macro", their mean at equal false-positive rate.

    Args:
        labels: (N,) int, place in `classes`.
        probabilities: (N, K).

    Returns:
        A curve a class, then "macro", whose AUC is the mean AUC and whose thresholds are nan. Empty where the labels
        hold one class only.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    curves = {}
    for place, name in enumerate(classes):
        truth = labels == place
        if truth.any() and not truth.all():
            fpr, tpr, thresholds = roc_curve(truth, probabilities[:, place])
            curves[name] = RocCurve(fpr, tpr, thresholds, float(roc_auc_score(truth, probabilities[:, place])))
    if curves:
        # Where a curve rises vertically, `interp` takes its upper end; every curve starts at (0, 0).
        grid = np.unique(np.concatenate([curve.fpr for curve in curves.values()]))
        mean = np.mean([np.interp(grid, curve.fpr, curve.tpr) for curve in curves.values()], axis=0)
        macro = float(np.mean([curve.auc for curve in curves.values()]))
        curves["macro"] = RocCurve(np.r_[0.0, grid], np.r_[0.0, mean], np.full(len(grid) + 1, np.nan), macro)
    return curves


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Counts (K, K): rows are true classes, columns predicted ones."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, predicted, labels=range(len(classes)))
