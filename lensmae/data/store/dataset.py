"""The data set on disk: dataset.json, images.npy (memory-mapped), targets.npy and truths.npy (pair sets), lenses.parquet."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError, field_validator

from lensmae.data.images.formats.npy import read_header
from lensmae.data.store.splits import SPLITS
from lensmae.data.store.table import read_table
from lensmae.errors import DatasetError, LensMAEError
from lensmae.workspace import Damaged, check_class_names, check_name, datasets_dir, read_json, write_json

RECORD = "dataset.json"
_TABLE = "lenses.parquet"
_ARRAYS = ("images", "targets", "truths")
_BLOCK = 1 << 24


class DatasetInfo(BaseModel):
    """What a data set says of itself.

    Attributes:
        counts: lenses by class.
        splits: lenses by split.
        shape, target_shape: pixels of images and of HR targets.
        pixel_scale: arcsec/pixel of `images`, where known.
        created: ISO time, UTC.
        origin: name and fingerprint of the data set that it is a part of, where it is one.
        fingerprint: SHA-256 of the pixels and the table; equal fingerprints are equal data.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    preset: str | None
    seed: int | None
    classes: tuple[str, ...]
    counts: dict[str, NonNegativeInt]
    splits: dict[str, NonNegativeInt]
    n: PositiveInt
    shape: tuple[PositiveInt, PositiveInt]
    target_shape: tuple[PositiveInt, PositiveInt] | None
    pixel_scale: float | None = Field(gt=0, allow_inf_nan=False)
    flux_unit: str
    created: str
    fingerprint: str
    size_bytes: NonNegativeInt
    origin: dict[str, str] | None = None

    @field_validator("classes")
    @classmethod
    def _plain_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_class_names(value)

    @field_validator("flux_unit")
    @classmethod
    def _true_unit(cls, value: str) -> str:
        # Earlier versions wrote what DeepLenseSim does to the flux, it doubles it, for the unit that this leaves.
        return value.replace("2 x e-/s", "0.5 e-/s")

    @field_validator("splits")
    @classmethod
    def _every_split(cls, value: dict[str, int]) -> dict[str, int]:
        return dict.fromkeys(SPLITS, 0) | value


@dataclass(frozen=True)
class LensDataset:
    """An opened data set; row i of `lenses` describes `images[i]`.

    Attributes:
        images: (N, H, W) float32, memory-mapped where it lies in the workspace. LR images in a pair set.
        targets: (N, H2, W2) float32 HR images of a pair set, else None.
        truths: (N, H2, W2) float32 noise-free HR images where they are known, else None.
        lenses: columns id, class, split, source_file and every parameter in lenstronomy's names.
        skipped: of a folder that is read as it lies, files that could not be read, with the reason.
    """

    path: Path
    info: DatasetInfo
    images: np.ndarray
    targets: np.ndarray | None
    truths: np.ndarray | None
    lenses: pd.DataFrame
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.info.name

    @property
    def is_pair(self) -> bool:
        """Whether it holds LR/HR pairs."""
        return self.targets is not None

    @property
    def labels(self) -> np.ndarray:
        """Class of every lens as its index in `info.classes`, (N,) int64."""
        return pd.Index(self.info.classes).get_indexer(self.lenses["class"]).astype(np.int64)

    @property
    def log_axion_masses(self) -> np.ndarray:
        """log10(axion mass / eV) of every lens, (N,) float32; not finite where a lens has none."""
        if "axion_mass_ev" not in self.lenses:
            return np.full(len(self.lenses), np.nan, dtype=np.float32)
        return np.log10(self.lenses["axion_mass_ev"].to_numpy(dtype=np.float64, na_value=np.nan)).astype(np.float32)

    def _repr_html_(self) -> str:
        """As a notebook shows it: what it is, and its first lenses."""
        from lensmae.data.notebook import facts_html, picture_html

        count, height, width = self.images.shape
        facts = {
            "pairs" if self.is_pair else "lenses": f"{count:,} of {height} x {width} pixels",
            "classes": ", ".join(f"{name} {number:,}" for name, number in self.info.counts.items()),
            "splits": ", ".join(f"{name} {number:,}" for name, number in self.info.splits.items()),
            "pixel scale": None if self.info.pixel_scale is None else f"{self.info.pixel_scale:.4g} arcsec",
        }
        first = np.concatenate(list(self.images[:4]), axis=1) if count else None
        return facts_html(self.name, facts, (), "" if first is None else picture_html(first, f"first lenses of {self.name}"))

    def indices(self, split: str) -> np.ndarray:
        """Rows of a split ("train", "validation", "test" or "all"), int64."""
        if split == "all":
            return np.arange(len(self.lenses))
        if split not in SPLITS:
            raise DatasetError(f"There is no split {split!r}; there are {', '.join(SPLITS)} and all.")
        return np.flatnonzero((self.lenses["split"] == split).to_numpy())


def select_rows(dataset: LensDataset, split: str, limit: int | None) -> np.ndarray:
    """Rows of a split; where limited, an evenly spread part of them, so that every class stays."""
    rows = dataset.indices(split)
    if len(rows) == 0:
        filled = ", ".join(f"{name} ({count})" for name, count in dataset.info.splits.items() if count) or "none"
        raise DatasetError(f"Data set {dataset.name} has no lenses in its {split} split. Splits with lenses: {filled}.")
    if limit is not None and limit < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, limit).round().astype(int)]
    return rows


def summarise(
    name: str, lenses: pd.DataFrame, arrays: dict[str, np.ndarray], *, classes: tuple[str, ...], created: str, **facts: Any
) -> DatasetInfo:
    """The record of a data set from its content.

    Args:
        name: of the data set.
        lenses: its table.
        arrays: images (N, H, W), and targets of pairs.
        classes: names, in their order.
        created: time in ISO format.
    """
    counts = lenses["class"].value_counts()
    splits = lenses["split"].value_counts()
    return DatasetInfo(
        name=name,
        classes=classes,
        counts={kind: int(counts.get(kind, 0)) for kind in classes},
        splits={split: int(splits.get(split, 0)) for split in SPLITS},
        n=len(lenses),
        shape=arrays["images"].shape[1:],
        target_shape=arrays["targets"].shape[1:] if "targets" in arrays else None,
        created=created,
        fingerprint=fingerprint(lenses, arrays),
        size_bytes=int(sum(array.nbytes for array in arrays.values())),
        **facts,
    )


def check_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """The classes that labels name, sorted. Raises `DatasetError` for one that is no name of a class."""
    try:
        return check_class_names(tuple(sorted(set(labels))))
    except ValueError as problem:
        raise DatasetError(f"{problem}: it has 1 to 80 letters, digits, spaces and . , + - / ( ).") from problem


def fingerprint(lenses: pd.DataFrame, arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 over all pixels and over id, class and split of every lens."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        step = max(1, _BLOCK // max(1, arrays[name][0].nbytes))
        for start in range(0, len(arrays[name]), step):
            digest.update(np.ascontiguousarray(arrays[name][start : start + step]).tobytes())
    digest.update(lenses[["id", "class", "split"]].to_csv(index=False).encode())
    return digest.hexdigest()


def write_table(folder: Path, info: DatasetInfo, lenses: pd.DataFrame) -> None:
    """Write the table, then the record: a folder without a record is known to be half-written."""
    lenses.to_parquet(folder / "lenses.parquet", index=False)
    write_json(folder / RECORD, info.model_dump())


def open_store(folder: Path) -> LensDataset:
    """Open a data set by its folder. Raises `DatasetError` where it is incomplete or damaged."""
    info = _read_info(folder)
    arrays = {name: _open_array(folder / f"{name}.npy", info) for name in _ARRAYS if (folder / f"{name}.npy").is_file()}
    if "images" not in arrays or ("targets" in arrays) != (info.target_shape is not None):
        raise DatasetError(f"Data set {folder} is damaged: an array that {RECORD} names is missing; delete it and make it again.")
    lenses = read_table(folder / _TABLE, info.n)
    if missing := {"id", "class", "split"} - set(lenses.columns):
        raise DatasetError(f"{folder / _TABLE} has no column {', '.join(sorted(missing))}.")
    return LensDataset(folder, info, arrays["images"], arrays.get("targets"), arrays.get("truths"), lenses)


def _open_array(path: Path, info: DatasetInfo) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise DatasetError(f"{path} cannot be read as an array: {problem}.") from problem
    if array.ndim != 3 or len(array) != info.n or array.dtype != np.float32:
        raise DatasetError(f"{path} holds {array.dtype} of shape {array.shape}; expected float32 of {info.n} images.")
    return array


def _read_info(folder: Path) -> DatasetInfo:
    try:
        info = DatasetInfo.model_validate(read_json(folder / RECORD, DatasetError))
    except ValidationError as problem:
        raise DatasetError(f"{folder / RECORD} is damaged: {problem}.") from problem
    # A folder is known by its own name, whatever name it had when it was made.
    return info.model_copy(update={"name": folder.name})


def list_datasets() -> list[DatasetInfo]:
    """Complete data sets of the workspace, by name; what is damaged, `damaged_datasets` names."""
    return [info for _, info in _looked_through() if isinstance(info, DatasetInfo)]


def damaged_datasets() -> list[Damaged]:
    """Data sets of the workspace that cannot be used, by name, with the reason."""
    return [Damaged("data set", name, problem) for name, problem in _looked_through() if isinstance(problem, str)]


def _looked_through() -> Iterator[tuple[str, DatasetInfo | str]]:
    """Every folder of the workspace that has a record, and what that says, or why it is not to be used."""
    for record in sorted(datasets_dir().glob(f"[!.]*/{RECORD}")):
        folder = record.parent
        try:
            check_name(folder.name, "data set")
            info = _read_info(folder)
            _check_array(folder / "images.npy", (info.n, *info.shape))
            if info.target_shape is not None:
                _check_array(folder / "targets.npy", (info.n, *info.target_shape))
            if not (folder / _TABLE).is_file():
                raise DatasetError(f"{_TABLE} is missing.")
        except (LensMAEError, OSError) as problem:
            yield _printable(folder.name), str(problem)
        else:
            yield folder.name, info


def _printable(name: str) -> str:
    """A file name of any bytes as text."""
    return name.encode("utf-8", "backslashreplace").decode()


def _check_array(path: Path, shape: tuple[int, ...]) -> None:
    """Whether an array is whole, told from its header and its size."""
    if not path.is_file():
        raise DatasetError(f"{path.name} is missing.")
    with path.open("rb") as file:
        header = read_header(file)
        there = path.stat().st_size - file.tell()
    if header.shape != shape or header.dtype != np.float32:
        raise DatasetError(f"{path.name} holds {header.dtype} of shape {header.shape}; the record says float32 of {shape}.")
    if there < header.nbytes:
        raise DatasetError(f"{path.name} is cut short: {there:,} of {header.nbytes:,} bytes are there.")


def delete_dataset(name: str) -> None:
    """Remove a data set of the workspace."""
    folder = datasets_dir() / check_name(name, "data set")
    if not folder.is_dir():
        raise DatasetError(f"There is no data set {name!r} in {datasets_dir()}.")
    # The record goes first, so that a deletion cut short leaves nothing that looks whole.
    (folder / RECORD).unlink(missing_ok=True)
    shutil.rmtree(folder)
