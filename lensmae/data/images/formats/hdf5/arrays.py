"""The arrays of an HDF5 file: datasets of numbers, and the fields of those of records."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.images.formats.hdf5.objects import check_chunks, visit_objects
from lensmae.data.images.formats.hdf5.packing import Packing
from lensmae.data.images.formats.npy import count
from lensmae.data.images.formats.stored import check_bytes

_LENS_WORDS = ("lens", "lenses", "n", "batch", "sample", "samples", "image", "index", "time", "t", "frame")
_LETTERS = {"y": "H", "x": "W", "row": "H", "rows": "H", "height": "H", "h": "H", "column": "W", "columns": "W", "width": "W",
            "w": "W", "band": "C", "bands": "C", "channel": "C", "channels": "C", "c": "C", "filter": "C", "wavelength": "C",
            "ra": "W", "dec": "H", "lon": "W", "lat": "H"} | dict.fromkeys(_LENS_WORDS, "N")  # fmt: skip


# Of groups that hold a table of pandas in several arrays.
_PANDAS = "pandas_type"


@dataclass(frozen=True)
class Hdf5Array:
    """An array of numbers in an open HDF5 file: a dataset, or one field of a dataset of records.

    Attributes:
        dataset: h5py's.
        field: of records; "" where its values are numbers.
    """

    dataset: Any
    field: str = ""

    @property
    def name(self) -> str:
        """Path in the file, from "/" on; of a field with its name behind that."""
        return f"{self.dataset.name}/{self.field}" if self.field else self.dataset.name

    @property
    def dtype(self) -> np.dtype:
        """Type of its numbers, as stored."""
        return self.dataset.dtype[self.field].base if self.field else self.dataset.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored; a field has the axes of its records first."""
        return (*self.dataset.shape, *self.dataset.dtype[self.field].shape) if self.field else self.dataset.shape

    @property
    def size(self) -> int:
        """How many numbers."""
        return count(self.shape)

    @property
    def attrs(self) -> Any:
        """Attributes of the dataset."""
        return self.dataset.attrs

    @property
    def parent(self) -> Any:
        """The group that the dataset lies in."""
        return self.dataset.parent

    @property
    def packing(self) -> Packing:
        """How its numbers are packed; those of records are not."""
        return Packing() if self.field else Packing.of(self.attrs)

    def check(self, rows: int | None = None) -> None:
        """Refuse what is larger than an image: all of it, or so many rows of it. Raises `ImageReadError`."""
        shape = self.dataset.shape if rows is None else (min(rows, self.dataset.shape[0]), *self.dataset.shape[1:])
        if rows is None:
            check_bytes(shape, self.dataset.dtype.itemsize)
        check_chunks(self.dataset, shape)

    def read(self, part: Any = ()) -> np.ndarray:
        """All of it or a part, `check` called before: numbers as they are meant, unpacked."""
        stored = self.dataset.fields(self.field) if self.field else self.dataset
        return self.packing.unpacked(np.asarray(stored[part]))


def numeric_arrays(file: Any) -> list[Hdf5Array]:
    """HDF5's arrays of real numbers that lie in the file itself; links out of it are not followed."""
    import h5py

    found: list[Hdf5Array] = []

    def look(_: str, entry: Any) -> None:
        if isinstance(entry, h5py.Dataset):
            found.extend(one for one in arrays_of(entry) if one.shape)

    visit_objects(file, look)
    return found


def arrays_of(dataset: Any, texts: bool = False) -> list[Hdf5Array]:
    """A dataset of real numbers, or the fields of such in one of records; none of what lies in other files, is empty or
    a part of a table of pandas. With
    `texts` those of texts too."""
    import h5py

    if dataset.shape is None or dataset.external is not None or dataset.is_virtual or _PANDAS in dataset.parent.attrs:
        return []
    fields = dataset.dtype.names or ()
    found = [Hdf5Array(dataset, field) for field in fields] or [Hdf5Array(dataset)]
    return [one for one in found if one.dtype.kind in "biuf" or (texts and h5py.check_string_dtype(one.dtype) is not None)]


def is_matlab(array: Hdf5Array, data: bytes) -> bool:
    """Whether MATLAB wrote an array, whose axes HDF5 then has the other way round."""
    return data.startswith(b"MATLAB") or "MATLAB_class" in array.attrs


def axes_of(array: Hdf5Array) -> str:
    """Letters of the axes that attributes name: labels or scales of dimensions (netCDF), `axes`, the interlace mode of the HDF5
    image specification."""
    if array.field or len(array.shape) == 2:
        return ""
    labels = [_name_of(dimension) for dimension in array.dataset.dims]
    said = next(
        (
            text_of(array.attrs[name])
            for name in ("axes", "AXES", "dims", "dimensions", "dimension_order", "layout", "_ARRAY_DIMENSIONS")
            if name in array.attrs
        ),
        "",
    )
    if not all(labels) and said:
        parts = said.replace(",", " ").split()
        labels = parts if len(parts) == len(array.shape) else list(said) if len(said) == len(array.shape) else labels
    letters = "".join(_LETTERS.get(label.strip().lower(), "?") for label in labels)
    if {"H", "W"} <= set(letters):
        return letters
    mode = text_of(array.attrs.get("INTERLACE_MODE", ""))
    ordered = {"channels_last": "HWC", "channels_first": "CHW"}.get(text_of(array.attrs.get("data_format", "")), "")
    letters = {"INTERLACE_PIXEL": "HWC", "INTERLACE_PLANE": "CHW", "INTERLACE_LINE": "HCW"}.get(mode, ordered)
    return ("N" * (len(array.shape) - 3) + letters) if letters and len(array.shape) in (3, 4) else ""


def _name_of(dimension: Any) -> str:
    """What an axis is called: by its label, else by the scale that netCDF gives it."""
    label = str(dimension.label).strip()
    return (label or (dimension[0].name.rsplit("/", 1)[-1] if len(dimension) else "")).lower()


def text_of(value: Any) -> str:
    """An attribute as a text; of several the first eight, with spaces between."""
    if isinstance(value, np.ndarray):
        value = " ".join(text_of(one) for one in value.ravel()[:8]) if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
