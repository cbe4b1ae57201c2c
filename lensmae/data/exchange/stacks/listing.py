"""The arrays of a file, known by their headers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.data.exchange.given_splits import says_splits, split_of_indices
from lensmae.data.exchange.stacks.files import FileArray, file_arrays
from lensmae.data.exchange.stacks.importing import BY_PARTS, StoredArray
from lensmae.data.images.formats.hdf5 import Hdf5Array, arrays_of, axes_of, no_weights, visit_objects
from lensmae.data.images.formats.hdf5.arrays import text_of
from lensmae.data.images.formats.npy import NpyHeader, Npz, read_header
from lensmae.errors import ImageReadError

_MOST_ATTRIBUTES, _LONGEST_TEXT = 32, 64


def stored_arrays(path: Path, above: Path) -> list[StoredArray]:
    """The arrays of numbers and texts in a file, from their headers, in its order. `ImageReadError` where it is damaged.

    Args:
        path: the file.
        above: the folder from which names count.
    """
    suffix, stem = path.suffix.lower(), path.relative_to(above).with_suffix("").as_posix()
    try:
        if suffix == ".npy":
            with path.open("rb") as file:
                headers = {"": read_header(file)}
            if headers[""].dtype == np.dtype(object):
                return _of_file(path, stem)
        elif suffix == ".npz":
            headers = _npz_headers(path)
        elif suffix not in BY_PARTS:
            return _of_file(path, stem)
        else:
            return _hdf5_arrays(path, stem)
    except OSError as problem:
        raise ImageReadError(f"{path.name} cannot be opened ({problem.strerror or problem}).") from None
    except ImageReadError as problem:
        raise ImageReadError(f"{path.name} was not read: {str(problem).rstrip('.')}.") from None
    return [one for key, header in headers.items() for one in _of_header(path, stem, key, header)]


def _of_file(path: Path, stem: str) -> list[StoredArray]:
    """The arrays of a file that is read whole."""
    return [StoredArray(path, key, f"{stem}/{key}" if key else stem, *_facts(array)) for key, array in file_arrays(path).items()]


def _of_header(path: Path, stem: str, key: str, header: NpyHeader) -> list[StoredArray]:
    """An array of numbers or texts, or the fields of one of records."""
    fields = [(name, header.dtype[name]) for name in header.dtype.names or ()]
    named = [(f"{key}/{name}".lstrip("/"), (*header.shape, *kind.shape), kind.base, name) for name, kind in fields]
    return [
        StoredArray(path, name, f"{stem}/{name}" if name else stem, shape, dtype, column=column)
        for name, shape, dtype, column in named or [(key, header.shape, header.dtype, "")]
        if dtype.kind in "biufUS"
    ]


def _facts(array: FileArray) -> tuple[tuple[int, ...], np.dtype, str, tuple[tuple[str, str], ...], None, str]:
    """Shape, type, axes, attributes, no content, and role."""
    said = () if array.scale is None else (("pixel_scale", repr(array.scale)),)
    return array.shape, array.dtype, array.axes, said, None, array.role


def _npz_headers(path: Path) -> dict[str, NpyHeader]:
    with path.open("rb") as file, Npz(file) as archive:
        return {key: archive.header(key) for key in archive.keys}


def _hdf5_arrays(path: Path, stem: str) -> list[StoredArray]:
    import h5py

    found: list[StoredArray] = []
    listed: dict[str, StoredArray] = {}

    def visit(name: str, entry: object) -> None:
        if not isinstance(entry, h5py.Dataset):
            return
        for holder in (entry.parent, entry):
            for named, values in _lists(holder):
                key = f"{entry.parent.name}/{named}".lstrip("/")
                listed[key] = StoredArray(path, key, f"{stem}/{key}", values.shape, values.dtype, content=values)
        for array in arrays_of(entry, texts=True):
            # Texts of any length are objects in NumPy.
            text = array.dtype.kind in "OS"
            letters, attributes = ("", ()) if text or not array.shape else (axes_of(array), _attributes(entry))
            content = _single(array, text) if array.size == 1 else None
            key = array.name.lstrip("/")
            dtype = np.dtype("U64") if text else array.dtype
            found.append(
                StoredArray(path, key, f"{stem}/{key}", array.shape, dtype, letters, attributes, content, column=array.field)
            )

    try:
        with h5py.File(path, "r") as file:
            no_weights(file)
            visit_objects(file, visit)
    except ImageReadError as problem:
        raise ImageReadError(f"{path.name} was not read: {problem}.") from None
    except MemoryError:
        raise
    except Exception as problem:  # noqa: BLE001
        # HDF5's C library reports damage in many ways.
        raise ImageReadError(
            f"{path.name} was not read: its HDF5 structure is damaged ({type(problem).__name__}: {problem})."
        ) from None
    known = {array.key for array in found}
    return [*found, *(array for key, array in listed.items() if key not in known)]


def _lists(holder: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Attributes of a group or an array that say splits of lenses, which others keep as arrays."""
    for name in list(holder.attrs)[:_MOST_ATTRIBUTES]:
        if says_splits(name) or split_of_indices(name):
            values = np.asarray(holder.attrs[name])
            if values.ndim == 1:
                texts = values.dtype.kind in "SO"
                yield name, np.array([text_of(one) for one in values]) if texts else values


def _single(array: Hdf5Array, text: bool) -> np.ndarray | None:
    """A number or a short text, as an array of the shape that it has; None of a longer text."""
    array.check()
    if not text:
        return array.read()
    value = np.ravel(array.read())[0]
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return np.array(value).reshape(array.shape) if len(value) <= _LONGEST_TEXT else None


def _attributes(array: Any) -> tuple[tuple[str, str], ...]:
    """Numbers and short texts among the attributes of an HDF5 array and of its group, as texts."""
    found: dict[str, str] = {}
    for holder in (array.parent, array):
        for name in list(holder.attrs)[:_MOST_ATTRIBUTES]:
            value = holder.attrs[name]
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
                found[str(name)] = value
            elif np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf":
                found[str(name)] = repr(float(value))
    return tuple(found.items())
