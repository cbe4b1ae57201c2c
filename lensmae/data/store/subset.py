"""A data set of some lenses of another: pixels, facts and splits are kept, and where each lens is from."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lensmae.data.store.arrays import rows_apart
from lensmae.data.store.dataset import LensDataset, check_labels, open_store, summarise, write_table
from lensmae.errors import DatasetError
from lensmae.folders import new_folder
from lensmae.workspace import check_name, datasets_dir


def subset_dataset(dataset: LensDataset, rows: np.ndarray, name: str, labels: np.ndarray | None = None) -> LensDataset:
    """Write the given rows of a data set, in their order in it, as a new one of the workspace.

    Preset and seed stay, so that it is still known which lenses it shares with training data. The table gets the columns
    `origin` (name of the data set) and `origin_row`; the record names the origin's fingerprint.

    Args:
        dataset: whose lenses are taken.
        rows: (N,) of the data set.
        name: of the new data set.
        labels: (N,) str, the class of each from now on, grades or tags for instance; the old one goes to `origin_class`.

    Raises:
        DatasetError: for no rows, rows that are not there, a name that is taken, or a label that is no name of a class.
    """
    check_name(name, "data set")
    rows, first = np.unique(np.asarray(rows, dtype=np.int64), return_index=True)
    if len(rows) == 0:
        raise DatasetError("A data set needs at least one lens; select some first.")
    if rows[0] < 0 or rows[-1] >= len(dataset.lenses):
        raise DatasetError(f"Data set {dataset.name} has rows 0 to {len(dataset.lenses) - 1}, not {rows[0]} to {rows[-1]}.")
    final = datasets_dir() / name
    if final.exists():
        raise DatasetError(f"A data set {name!r} already exists in {datasets_dir()}; choose another name or delete it first.")
    labels = None if labels is None else np.asarray(labels)[first]
    if labels is not None:
        check_labels(labels.tolist())
    with new_folder(final) as partial:
        _write(dataset, rows, name, partial, labels)
    return open_store(final)


def _write(dataset: LensDataset, rows: np.ndarray, name: str, folder: Path, labels: np.ndarray | None) -> None:
    found = {"images": dataset.images, "targets": dataset.targets, "truths": dataset.truths}
    arrays = {kind: rows_apart(array, rows, folder / f"{kind}.npy") for kind, array in found.items() if array is not None}
    lenses = dataset.lenses.iloc[rows].reset_index(drop=True).assign(origin=dataset.name, origin_row=rows)
    info = dataset.info
    classes = info.classes
    if labels is not None:
        lenses = lenses.assign(**{"class": labels, "origin_class": lenses["class"]})
        classes = tuple(sorted(set(labels.tolist())))
    facts = {key: getattr(info, key) for key in ("preset", "seed", "pixel_scale", "flux_unit")}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    origin = {"name": info.name, "fingerprint": info.fingerprint}
    write_table(folder, summarise(name, lenses, arrays, classes=classes, created=created, origin=origin, **facts), lenses)
