"""What a data set needs before a network can be measured on it, done by itself and said: split, classes, data range."""

import re

import numpy as np

from lensmae.data import LensDataset
from lensmae.data.exchange.names import UNKNOWN
from lensmae.errors import DatasetError
from lensmae.models import Classifier

# Of HR images: a peak signal-to-noise ratio supposes a range of 1.
_LEAST_RANGE, _LARGEST_RANGE = 0.2, 2.0


def held_out(dataset: LensDataset) -> tuple[str, str | None]:
    """The split to measure on where none is named: test, or validation where there is no test; and a sentence that says so."""
    counts = dataset.info.splits
    if counts.get("test") or not counts.get("validation"):
        return "test", None
    return "validation", f"Data set {dataset.name} has no test split, so its validation split was measured."


def left_out_note(dataset: LensDataset) -> str | None:
    """How many files of a folder could not be read, so that nothing was measured on them; None where all were."""
    n = len(dataset.skipped)
    return f"{n:,} of {n + len(dataset.lenses):,} lenses of {dataset.name} could not be read and were left out." if n else None


def withheld_note(checkpoint: str, answered: np.ndarray) -> str | None:
    """Where most lenses are out of a domain, `answered` (N,) bool: that the figures are of answers that are not given."""
    share = 1 - float(answered.mean())
    if share <= 0.5:
        return None
    return (
        f"{share:.0%} of these lenses are out of the domain of {checkpoint}, which withholds its answer for them: accuracy "
        "and AUC are of what it would say."
    )


def check_classes(model: Classifier, dataset: LensDataset) -> None:
    """Raise `DatasetError` where the set has classes that a classifier does not know, or none."""
    missing = sorted({name for name, count in dataset.info.counts.items() if count} - set(model.classes))
    known = ", ".join(model.classes)
    if missing == [UNKNOWN]:
        raise DatasetError(f"Data set {dataset.name} does not say the classes of its lenses; those of {model.name} are {known}.")
    numbered = all(re.fullmatch(r"class_\d+", name) for name in missing)
    if missing:
        # Not these classes as an example: their order may be another than that of the numbers.
        hint = " Say which class each number is, from 0 on: --classes NAME,NAME,..." if numbered else ""
        raise DatasetError(
            f"Data set {dataset.name} has classes that {model.name} was not trained on: {', '.join(missing)}; its classes are "
            f"{known}.{hint}"
        )


def is_on_another_scale(targets: np.ndarray) -> bool:
    """Whether HR images (N, H, W) range over much more or less than 1, as counts do."""
    return not _LEAST_RANGE <= float(np.median(np.ptp(targets, axis=(1, 2)))) <= _LARGEST_RANGE


def data_ranges(targets: np.ndarray) -> np.ndarray:
    """The range of each HR image (N, H, W) -> (N, 1, 1) float32; 1 where all pixels are equal."""
    ranges = np.ptp(targets, axis=(1, 2))
    return np.where(ranges > 0, ranges, 1.0)[:, None, None].astype(np.float32)


def range_note(targets: np.ndarray) -> str:
    """Which data range the scores of HR images (N, H, W) were computed with."""
    usual = float(np.median(np.ptp(targets, axis=(1, 2))))
    return (
        f"HR images range over {usual:.4g} (median), not over 1: PSNR, SSIM and MSE are of images divided by the range of each "
        "HR image."
    )
