"""What every evaluation shares: which images, in batches, how fast, and the record that it leaves."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.models.predictors import LoadedModel

Progress = Callable[[int, int], None]

_BATCH = 64
# Of the images that `limit` leaves: the same ones every time, for every checkpoint.
_LIMIT_SEED = 0


@dataclass(frozen=True)
class Report:
    """What a checkpoint did on a split of a data set.

    Attributes:
        checkpoint, data, split: what was measured on what.
        indices: (N,) rows of the data set, in the order of every other array here.
        seconds: time the network spent predicting.
    """

    checkpoint: str
    data: str
    split: str
    indices: np.ndarray
    seconds: float

    def figures(self) -> dict[str, Any]:
        """The figures of merit, by the names that `lensmae evaluate --json` prints."""
        raise NotImplementedError

    def summary(self) -> dict[str, Any]:
        """Figures and facts, ready for JSON; a figure that the images do not define is None."""
        facts = {"n": len(self.indices), "images_per_second": len(self.indices) / max(self.seconds, 1e-9)}
        return {**_plain(self.figures()), **facts, "checkpoint": self.checkpoint, "data": self.data, "split": self.split}


def _plain(value: Any) -> Any:
    """Numbers that JSON knows: nan and infinity become None."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


def choose_rows(dataset: LensDataset, split: str, limit: int | None) -> np.ndarray:
    """Rows of a split, or `limit` of them at random with a fixed seed. Raises `DatasetError` where the split is empty."""
    rows = dataset.indices(split)
    if len(rows) == 0:
        filled = ", ".join(f"{name} ({count})" for name, count in dataset.info.splits.items() if count) or "none"
        raise DatasetError(f"The split {split!r} of data set {dataset.name} is empty. Splits with images: {filled}.")
    if limit is None or limit >= len(rows):
        return rows
    return np.sort(np.random.default_rng(_LIMIT_SEED).permutation(rows)[:limit])


def check_fit(model: LoadedModel, dataset: LensDataset) -> None:
    """Raise `DatasetError` where the images cannot be cut into the model's patches."""
    height, width = dataset.images.shape[1:]
    if height % model.patch_size or width % model.patch_size:
        raise DatasetError(
            f"Data set {dataset.name} has images of {height} x {width} pixels; checkpoint {model.name} cuts images into "
            f"patches of {model.patch_size} and needs both sides to be multiples of that."
        )


class Stopwatch:
    """Walks through rows in batches and adds up the time that the caller spends in `measure`."""

    def __init__(self, rows: np.ndarray, progress: Progress | None) -> None:
        self.rows = rows
        self.progress = progress
        self.seconds = 0.0

    def batches(self) -> Iterator[np.ndarray]:
        """Rows, a batch at a time; progress is reported after each."""
        for start in range(0, len(self.rows), _BATCH):
            yield self.rows[start : start + _BATCH]
            if self.progress is not None:
                self.progress(min(start + _BATCH, len(self.rows)), len(self.rows))

    def measure(self, predict: Callable[[np.ndarray], Any], images: np.ndarray) -> Any:
        """`predict(images)`, timed."""
        started = time.perf_counter()
        result = predict(images)
        self.seconds += time.perf_counter() - started
        return result


def overlap_note(model: LoadedModel, dataset: LensDataset, split: str) -> str | None:
    """A warning where the images measured are, or may be, the ones the checkpoint learnt from; else None."""
    learnt, info = model.card.data, dataset.info
    if split in ("train", "all") and learnt.get("fingerprint") == info.fingerprint:
        return f"Checkpoint {model.name} was trained on the training split of this data set: these figures are not a test."
    same_seed = info.preset is not None and (learnt.get("preset"), learnt.get("seed")) == (info.preset, info.seed)
    if same_seed and learnt.get("fingerprint") != info.fingerprint:
        return (
            f"Data set {dataset.name} has the preset and seed of the training data of {model.name}, so it shares lenses with it: "
            "these figures are not a test."
        )
    return None
