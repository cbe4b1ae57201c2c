"""Arrays of FITS, TIFF, MATLAB and torch files, and of objects in npy files, by name, read whole."""

import io
import warnings
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.bands import MOST_UNNAMED_BANDS
from lensmae.data.images.formats import MAX_FILE, is_hdf5, unpacked
from lensmae.data.images.formats.fits_beside import pixels_of
from lensmae.data.images.formats.fits_file import images_of
from lensmae.data.images.formats.fits_limits import check_fits
from lensmae.data.images.formats.fits_tables import image_columns
from lensmae.data.images.formats.fluxes import as_flux
from lensmae.data.images.formats.hdf5 import Hdf5Array, numeric_arrays
from lensmae.data.images.formats.matlab import SIGNATURE as MATLAB
from lensmae.data.images.formats.matlab import matlab_arrays
from lensmae.data.images.formats.npy import MAX_BYTES, count, read_npy
from lensmae.data.images.formats.numpy_file import object_columns
from lensmae.data.images.formats.tiff import page_arrays
from lensmae.data.images.formats.torch_file import is_torch, tensors
from lensmae.data.images.wcs import read_sky
from lensmae.errors import ImageReadError

SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fits.fz", ".fits.bz2", ".fits.xz", ".tif", ".tiff", ".mat", ".pt", ".pth")
_LONGEST_ROW = 64


@dataclass(frozen=True)
class FileArray:
    """An array of a file: its shape and type, how it is read, and letters of its axes, arcsec/pixel and what it is (`roles`)
    where the file says them."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]
    axes: str = ""
    scale: float | None = None
    role: str = roles.UNKNOWN

    @classmethod
    def of(cls, array: np.ndarray, axes: str = "") -> "FileArray":
        """An array that was read already."""
        return cls(array.shape, array.dtype, lambda: array, axes)


def file_arrays(path: Path) -> dict[str, FileArray]:
    """The arrays of numbers and texts in a file by name. Raises `ImageReadError` where it is damaged or too large."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ImageReadError(
            f"it has more than {MAX_FILE / 1e6:,.0f} MB; save its arrays as npy or HDF5, which may be of any size"
        )
    data = unpacked(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _arrays(data)
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # Every library reports damage in kinds of its own.
        raise ImageReadError(f"its content is damaged ({type(problem).__name__}: {problem})") from None


def _arrays(data: bytes) -> dict[str, FileArray]:
    if data.startswith(b"SIMPLE  ="):
        return _fits_arrays(data)
    if data.startswith(b"\x93NUMPY"):
        columns = object_columns(read_npy(io.BytesIO(data)))
        return {name: FileArray.of(array) for name, array in columns.items()}
    if data.startswith((b"II", b"MM")):
        return {"": FileArray.of(*stack)} if (stack := page_arrays(data)) else {}
    if data.startswith(MATLAB):
        return {
            name: FileArray(shape, np.dtype(np.float64), read) for name, (shape, read) in matlab_arrays(data).items()
        }  # fmt: skip
    if is_hdf5(data):
        return _matlab_hdf5_arrays(data)
    if is_torch(data):
        return {name: FileArray.of(array) for name, array in tensors(data).items()}
    return {}


def _fits_arrays(data: bytes) -> dict[str, FileArray]:
    from astropy.io import fits

    check_fits(data)
    units = fits.open(io.BytesIO(data), memmap=False)
    named, parts = images_of(units, data)
    role_of = {id(unit): parts[name] for name, unit in named.items()}
    images = [(place, unit) for place, unit in enumerate(units) if id(unit) in role_of]
    unnamed = sum(not unit.name for _, unit in images)
    # Of chips of one name, and of a few bands without one, the first is the image, as in `read_image`.
    chosen = roles.best(list(named), list(parts.values()))
    found: dict[str, FileArray] = {}
    for place, unit in images:
        key = unit.name or f"HDU {place}"
        if key not in found and (unit.name or unnamed > MOST_UNNAMED_BANDS or unit is named.get(chosen)):
            found[key] = _image_array(unit, units, role_of[id(unit)])
    for column in {} if found else image_columns(units).values():
        found.setdefault(column.name, FileArray(column.shape, np.dtype(np.float64), lambda one=column: one.data, column.axes))
    for unit in units:
        if not unit.is_image and hasattr(unit, "columns"):
            for name in unit.columns.names:
                kind = unit.columns.dtype[name]
                # Rows of a few numbers may be labels, one-hot.
                if count(kind.shape) <= _LONGEST_ROW and len(kind.shape) < 2 and kind.base.kind in "biufSU" and name not in found:
                    shape = (int(unit.header["NAXIS2"]), *kind.shape)
                    found[name] = FileArray(shape, kind.base, lambda one=unit, key=name: _column(one, key))
    return found


def _image_array(unit: Any, units: Any, role: str) -> FileArray:
    _, scale, letters, _ = read_sky(unit.header, ChainMap(dict(unit.header), dict(units[0].header)), units)

    def read() -> np.ndarray:
        return as_flux(pixels_of(unit), unit.header, str(unit.header.get("BUNIT") or "").strip())[0]

    letters = letters if len(letters) == len(unit.shape) else ""
    return FileArray(tuple(unit.shape), np.dtype(np.float64), read, letters, scale, role)


def _column(unit: Any, name: str) -> np.ndarray:
    if count((int(unit.header["NAXIS1"]), int(unit.header["NAXIS2"]))) > MAX_BYTES:
        raise ImageReadError("its table is larger than an image may be")
    values = np.asarray(unit.data[name])
    return np.char.strip(values.astype(str)) if values.dtype.kind in "SU" else values


def _matlab_hdf5_arrays(data: bytes) -> dict[str, FileArray]:
    import h5py

    file = h5py.File(io.BytesIO(data), "r")

    def read(array: Hdf5Array) -> np.ndarray:
        array.check()
        # MATLAB keeps columns first.
        values = array.read().T
        return values.ravel() if values.ndim == 2 and 1 in values.shape else values

    found = {}
    for array in numeric_arrays(file):
        sides = array.shape[::-1]
        shape = (count(sides),) if len(sides) == 2 and 1 in sides else sides
        found[array.name.strip("/")] = FileArray(shape, array.dtype, lambda one=array: read(one))
    return found
