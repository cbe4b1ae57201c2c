"""Figures of single lenses, a table of some rows of a data set: in this process, or in parts on a cluster."""

import time
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lensmae.data import LensDataset, open_dataset
from lensmae.data.images.axes import NO_CHOICE, ArrayChoice
from lensmae.evaluation.array_cache import file_digest, kept_folder, kept_name
from lensmae.evaluation.measure.suited import data_ranges, is_on_another_scale
from lensmae.evaluation.metrics import masked_mse, mse, psnr, ssim
from lensmae.evaluation.ood.domain import check_domain, trusted_views
from lensmae.evaluation.ood.network_input import BroughtImages, input_identity, network_inputs
from lensmae.evaluation.ood.references import reference_or_problem
from lensmae.evaluation.superresolution.noise_limit import informed_truth, made_of_high
from lensmae.models import Classifier, Reconstructor, SuperResolver, bicubic_upsample, load_checkpoint
from lensmae.models.predictors import LoadedModel
from lensmae.models.registry import reference_path
from lensmae.parts import completed
from lensmae.progress import Progress, batches, part_of
from lensmae.workspace import replacing

_BATCH = 64
# Tables that were kept with other columns are not taken.
_COLUMNS = "2"
# Whole batches: the seed of a mask is the first row of its batch.
_PART = 8 * _BATCH


@dataclass(frozen=True)
class Wanted:
    """What is measured.

    Attributes:
        d4: classifiers and super-resolvers: the mean over the eight symmetries; of classifiers as `lensmae predict` where None.
        mask_ratio, seed: of the masks of an autoencoder.
    """

    d4: bool | None = None
    mask_ratio: float = 0.75
    seed: int = 0


class Here:
    """Rows are measured in this process."""

    def __call__(
        self, model: LoadedModel, dataset: LensDataset, rows: np.ndarray, wanted: Wanted, progress: Progress | None
    ) -> pd.DataFrame:
        """Columns as `measure_rows` gives them, a row a lens.

        Args:
            model: the network.
            dataset: the data set.
            rows: (N,) int, of the data set.
            wanted: what is measured.
            progress: called with (lenses done, lenses in all).
        """
        return measure_rows(model, dataset, rows, rows[:_BATCH], wanted, progress)


HERE = Here()


class Apart(Here):
    """Rows are measured in parts of 512 by other processes that see the same files; parts are kept, and a repeated call goes on.

    Args:
        executor: of this machine or of a cluster.
        data: name or path of the data set, as `open_dataset` takes it.
        choice: as `open_dataset` takes it.
    """

    def __init__(self, executor: Executor, data: str, choice: ArrayChoice = NO_CHOICE) -> None:
        self._executor, self._data, self._choice = executor, data, choice

    def __call__(
        self, model: LoadedModel, dataset: LensDataset, rows: np.ndarray, wanted: Wanted, progress: Progress | None
    ) -> pd.DataFrame:
        """As of `Here`."""
        first = rows[:_BATCH]
        parts = [rows[start : start + _PART] for start in range(0, len(rows), _PART)]
        weights = [file_digest(path) for path in (model.path, reference_path(model.path)) if path.is_file()]
        content = [_COLUMNS, *weights, dataset.info.fingerprint, input_identity(dataset), repr(wanted), first.tobytes()]
        folder = kept_folder("measurements").absolute()
        files = [folder / f"{Path(kept_name([*content, part.tobytes()])).stem}.parquet" for part in parts]
        missing = [index for index, file in enumerate(files) if not file.is_file()]
        done = len(rows) - sum(len(parts[index]) for index in missing)
        folder.mkdir(parents=True, exist_ok=True)
        where = str(model.path.absolute()), model.device, _found(dataset, self._data), self._choice
        calls = [(*where, parts[index], first, wanted, str(files[index])) for index in missing]
        for place, _ in completed(self._executor, measure_part, calls):
            done += len(parts[missing[place]])
            if progress is not None:
                progress(done, len(rows))
        return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def _found(dataset: LensDataset, data: str) -> str:
    """The data set as every process finds it: a name belongs to the workspace, a path is made absolute."""
    return str(dataset.path.absolute()) if dataset.path.exists() else data


def measure_part(
    checkpoint: str,
    device: str,
    data: str,
    choice: ArrayChoice,
    rows: np.ndarray,
    first: np.ndarray,
    wanted: Wanted,
    file: str,
) -> None:
    """Measure some rows, as a process of a cluster is asked to.

    Args:
        checkpoint: path of the checkpoint file.
        device: "cpu" or "cuda".
        data, choice: as `open_dataset` takes them.
        rows: (N,) int.
        first: the first rows of all parts, by which the data range is found.
        wanted: what is measured.
        file: Parquet, written whole or not at all.
    """
    model, dataset = _opened(checkpoint, device, data, choice)
    table = measure_rows(model, dataset, rows, first, wanted)
    with replacing(Path(file)) as temporary:
        table.to_parquet(temporary, index=False)


@lru_cache(maxsize=1)
def _opened(checkpoint: str, device: str, data: str, choice: ArrayChoice) -> tuple[LoadedModel, LensDataset]:
    model = load_checkpoint(checkpoint, device)
    return model, network_inputs(open_dataset(data, choice, leave_out=True), model)[0]


def measure_rows(
    model: LoadedModel,
    dataset: LensDataset,
    rows: np.ndarray,
    first: np.ndarray,
    wanted: Wanted,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """A row a lens; column `seconds` is the time that predicting took.

    Of an autoencoder `errors`, `baseline` and, with a linear prior, `linear`; of a classifier its probabilities, "0", "1", ... in
    the order of its classes, and where it has a reference `answered`; of a super-resolver the fields of `SuperResReport`.

    Args:
        model: the network.
        dataset: the data set.
        rows: (N,) int, of the data set.
        first: rows by which the data range of pairs is found, the same for all parts of a measurement.
        wanted: what is measured.
        progress: called with (lenses done, lenses in all).
    """
    counted = batches(rows, _BATCH, part_of(progress, 0, len(rows)))
    if isinstance(model, SuperResolver):
        parts = _of_pairs(model, dataset, counted, first, bool(wanted.d4))
    elif isinstance(model, Classifier):
        parts = _of_classes(model, dataset, counted, wanted.d4)
    elif isinstance(model, Reconstructor):
        parts = _of_masks(model, dataset, counted, wanted)
    else:
        raise TypeError(f"Nothing is measured of a {type(model).__name__}.")
    found = [pd.DataFrame({**columns, "seconds": seconds / len(next(iter(columns.values())))}) for columns, seconds in parts]
    return pd.concat(found, ignore_index=True)


_Part = tuple[dict[str, Any], float]


def _of_masks(model: Reconstructor, dataset: LensDataset, counted: Iterator[np.ndarray], wanted: Wanted) -> Iterator[_Part]:
    for batch in counted:
        images = np.asarray(dataset.images[batch])
        start = time.perf_counter()
        drawn = model.predict(images, mask_ratio=wanted.mask_ratio, seed=wanted.seed + int(batch[0]))
        seconds = time.perf_counter() - start
        visible = np.where(drawn.mask, np.nan, images)
        flat = np.broadcast_to(np.nanmean(visible, axis=(1, 2), keepdims=True), images.shape)
        columns = {"errors": masked_mse(images, drawn.prediction, drawn.mask), "baseline": masked_mse(images, flat, drawn.mask)}
        if model.module.prior is not None:
            columns["linear"] = masked_mse(images, model.linear_guess(images, drawn.hidden), drawn.mask)
        yield columns, seconds


def _of_classes(model: Classifier, dataset: LensDataset, counted: Iterator[np.ndarray], d4: bool | None) -> Iterator[_Part]:
    reference, _ = reference_or_problem(model.path)
    brought = isinstance(dataset.images, BroughtImages)
    for batch in counted:
        images = np.asarray(dataset.images[batch])
        start = time.perf_counter()
        # Unless asked for otherwise, what `lensmae predict` says.
        views = trusted_views(model, reference, images) if d4 is None else None
        answer = model.predict(images, d4=d4) if views is None else views.probabilities
        seconds = time.perf_counter() - start
        columns = {str(index): column for index, column in enumerate(answer.T)}
        if views is not None and reference is not None:
            checks = check_domain(model, reference, images, views=views, resized=np.full(len(images), brought))
            columns["answered"] = np.array([check.in_domain for check in checks])
        yield columns, seconds


def _of_pairs(
    model: SuperResolver, dataset: LensDataset, counted: Iterator[np.ndarray], first: np.ndarray, d4: bool
) -> Iterator[_Part]:
    lows, highs = (np.asarray(of[first]) for of in (dataset.images, dataset.targets))
    informed = dataset.truths is not None and made_of_high(lows, highs)
    rescaled = is_on_another_scale(highs)
    for batch in counted:
        images, targets = np.asarray(dataset.images[batch]), np.asarray(dataset.targets[batch])
        start = time.perf_counter()
        drawn = model.predict(images, d4=d4)
        seconds = time.perf_counter() - start
        compared = {"": drawn, "bicubic_": bicubic_upsample(images, model.scale)}
        columns = {}
        total = targets.sum(axis=(1, 2), dtype=np.float64)
        for name, image in compared.items():
            columns[f"{name}flux"] = image.sum(axis=(1, 2), dtype=np.float64) / total
        if dataset.truths is not None:
            compared["floor_"] = np.asarray(dataset.truths[batch])
        if informed:
            compared["limit_"] = informed_truth(compared["floor_"], images)
        unit = data_ranges(targets) if rescaled else np.float32(1)
        for name, image in compared.items():
            columns |= {f"{name}{score.__name__}": score(image / unit, targets / unit) for score in (psnr, ssim, mse)}
        yield columns, seconds
