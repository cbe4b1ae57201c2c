"""Adding one lens to a data set: the new set is written beside the old one and takes its place."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lensmae.data.simulation.lenses import SimulatedLens
from lensmae.data.simulation.presets import PRESETS, Preset
from lensmae.data.store.arrays import new_array
from lensmae.data.store.dataset import RECORD, LensDataset, open_store, summarise, write_table
from lensmae.data.store.splits import SPLITS
from lensmae.errors import DatasetError
from lensmae.folders import locked, new_folder
from lensmae.workspace import check_name, datasets_dir

# Every lens added copies the set; larger ones are simulated as a whole.
MAX_LENSES = 5000
# Several writers wait for each other; the copy of a full set takes a second.
_PATIENCE_S = 300.0


def append_lens(name: str, preset: str, lens: SimulatedLens, split: str = "test") -> LensDataset:
    """Add a lens to the data set `name`, which is made where there is none. Atomic; two writers wait for each other.

    Raises `DatasetError` where the set is of another preset, was simulated as a whole or imported, or is full.

    Args:
        name: of the data set.
        preset: its preset.
        lens: what is added.
        split: train, validation or test.
    """
    check_name(name, "data set")
    if split not in SPLITS:
        raise DatasetError(f"There is no split {split!r}; there are {', '.join(SPLITS)}.")
    folder = datasets_dir() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _turn(folder):
        _restore(folder)
        before = open_store(folder) if folder.exists() else None
        if before is not None:
            _check(before, preset)
        with new_folder(folder) as partial:
            _write(partial, name, PRESETS[preset], before, lens, split)
            _replace(folder, partial)
    return open_store(folder)


def _check(before: LensDataset, preset: str) -> None:
    if before.info.preset != preset or before.is_pair:
        made = f"of preset {before.info.preset}" if before.info.preset else "imported"
        raise DatasetError(f"Data set {before.name!r} is {made}; a lens of {preset} does not belong in it. Choose another name.")
    if before.info.seed is not None:
        raise DatasetError(
            f"Data set {before.name!r} was simulated as a whole, from seed {before.info.seed}; choose another name."
        )
    if before.info.n >= MAX_LENSES:
        raise DatasetError(f"Data set {before.name!r} holds {before.info.n} lenses, which is the most; choose another name.")


def _write(folder: Path, name: str, preset: Preset, before: LensDataset | None, lens: SimulatedLens, split: str) -> None:
    count = 0 if before is None else before.info.n
    row = {"id": f"{lens.parameters['class']}_{count:06d}", "split": split, "source_file": ""} | lens.parameters
    table = pd.DataFrame([row])
    if before is not None:
        table = _joined(before.lenses, row)
    images = new_array(folder / "images.npy", (count + 1, *lens.image.shape))
    if before is not None:
        images[:count] = before.images
    images[count] = lens.image
    images.flush()
    facts = {"preset": preset.name, "seed": None, "pixel_scale": preset.pixel_scale, "flux_unit": preset.flux_unit}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    info = summarise(name, table, {"images": images}, classes=preset.classes, created=created, **facts)
    write_table(folder, info, table)


def _joined(before: pd.DataFrame, row: dict[str, Any]) -> pd.DataFrame:
    """The old rows and the new one; what one of them does not say is empty there."""
    return pd.DataFrame([*before.to_dict("records"), row])


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    lock = folder.with_name(f".{folder.name}.lock")
    lock.touch()
    with locked(lock, patience_s=_PATIENCE_S):
        yield


def _replace(folder: Path, partial: Path) -> None:
    """Put `partial` in the place of `folder`. A folder cannot be renamed onto another; for an instant there is none, and
    `_restore` puts the old one back should the process die there."""
    aside = _aside(folder)
    if folder.exists():
        os.rename(folder, aside)
    try:
        os.rename(partial, folder)
    except OSError:
        _restore(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _restore(folder: Path) -> None:
    aside = _aside(folder)
    if aside.exists() and not (folder / RECORD).exists():
        os.rename(aside, folder)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")
