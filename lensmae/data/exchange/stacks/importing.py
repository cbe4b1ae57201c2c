"""Arrays that hold many lenses: npy, npz and HDF5 files, read block by block, whatever their size."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from lensmae.data.exchange.stacks.files import SUFFIXES, FileArray, file_arrays
from lensmae.data.images import roles
from lensmae.data.images.formats import check_bytes, check_chunks, visit_objects
from lensmae.data.images.formats.hdf5 import axes_of, no_weights
from lensmae.data.images.formats.npy import MAX_BYTES, NpyHeader, Npz, count, read_header
from lensmae.errors import ImageReadError

# Of these a part can be read; the others are read whole.
_BY_PARTS = (".npy", ".npz", ".h5", ".hdf5", ".hdf", ".he5")
_BLOCK_BYTES = 1 << 24
_MOST_ATTRIBUTES, _LONGEST_TEXT = 32, 64


def may_hold_stack(path: Path) -> bool:
    """Whether a file's name is that of a format that can hold many lenses."""
    return path.name.lower().endswith((*_BY_PARTS, *SUFFIXES))


def is_fits(path: Path) -> bool:
    """Whether a file's name is that of a FITS file."""
    return ".fit" in path.name.lower() or path.name.lower().endswith(".fts")


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, known by its header.

    Attributes:
        file: npy, npz, HDF5, FITS, TIFF, MATLAB or torch.
        key: name in the file; "" for npy.
        location: path of the file without its suffix, and the key: what its name says of class, split and role.
        shape: as stored.
        dtype: of numbers, or of texts.
        axes: letters of the axes that the file says, or "".
        attributes: name and value of short ones of the array and its group.
        content: of a single number or text in an HDF5 file, so that those of thousands of groups are not read one by one.
        role: what it is (`lensmae.data.images.roles`), where the file's header says it.
    """

    file: Path
    key: str
    location: str
    shape: tuple[int, ...]
    dtype: np.dtype
    axes: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    content: np.ndarray | None = field(default=None, compare=False)
    role: str = roles.UNKNOWN

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """Rows `start` to `stop` (the end), in order, some 16 MB at a time. Raises `ImageReadError` where it is damaged."""
        check_bytes(self.shape[1:], self.dtype.itemsize)
        step = max(1, _BLOCK_BYTES // max(1, count(self.shape[1:]) * self.dtype.itemsize))
        stop = self.shape[0] if stop is None else min(stop, self.shape[0])
        suffix = self.file.suffix.lower()
        if suffix == ".npy":
            yield from self._from_npy(start, stop, step)
        elif suffix == ".npz":
            yield from self._from_npz(start, stop, step)
        elif suffix not in _BY_PARTS:
            yield from _parts(self._from_file(), start, stop, step)
        else:
            yield from self._from_hdf5(start, stop, step)

    def whole(self) -> np.ndarray:
        """All of it, for short arrays such as labels."""
        check_bytes(self.shape, self.dtype.itemsize)
        if not self.shape:
            return self._scalar()
        return np.concatenate(list(self.blocks())) if self.shape[0] else np.empty(self.shape, self.dtype)

    def _scalar(self) -> np.ndarray:
        """A single value; npy files of such are none of a data set."""
        if self.file.suffix.lower() not in _BY_PARTS:
            return self._from_file()
        if self.file.suffix.lower() == ".npz":
            with self.file.open("rb") as file, Npz(file) as archive, archive.open(self.key) as stream:
                header = read_header(stream)
                return np.frombuffer(stream.read(header.nbytes), header.dtype).reshape(())
        import h5py

        with h5py.File(self.file, "r") as file:
            value = file[self.key][()]
            return np.asarray(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)

    def _from_file(self) -> np.ndarray:
        try:
            return file_arrays(self.file)[self.key].read()
        except ImageReadError as problem:
            raise ImageReadError(f"{self.file.name}: {str(problem).rstrip('.')}.") from None

    def _from_npy(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        try:
            array = open_memmap(self.file, mode="r")
        except (OSError, ValueError) as problem:
            raise ImageReadError(f"{self.file.name} is cut short or damaged ({problem}).") from None
        yield from map(np.array, _parts(array, start, stop, step))

    def _from_npz(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        with self.file.open("rb") as file, Npz(file) as archive, archive.open(self.key) as stream:
            header = read_header(stream)
            if header.fortran and len(header.shape) > 1:
                if header.nbytes > MAX_BYTES:
                    raise ImageReadError(f"{self.file.name}: {self.key!r} is in Fortran order; save it in C order.")
                whole = np.frombuffer(stream.read(header.nbytes), header.dtype).reshape(header.shape, order="F")
                yield np.ascontiguousarray(whole[start:stop])
                return
            size = count(header.shape[1:]) * header.dtype.itemsize
            for row in range(0, stop, step):
                rows = min(step, stop - row)
                data = stream.read(rows * size)
                if len(data) < rows * size:
                    raise ImageReadError(f"{self.file.name}: {self.key!r} is cut short.")
                if row + rows > start:
                    yield np.frombuffer(data, header.dtype).reshape(rows, *header.shape[1:])[max(0, start - row) :]

    def _from_hdf5(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        import h5py

        try:
            with h5py.File(self.file, "r") as file:
                array = file[self.key]
                check_chunks(array, (min(step, self.shape[0]), *self.shape[1:]))
                for block in _parts(array, start, stop, step):
                    yield block.astype(str) if block.dtype == object else block
        except (ImageReadError, MemoryError):
            raise
        except Exception as problem:  # noqa: BLE001
            # HDF5's C library reports damage in many ways.
            raise ImageReadError(f"{self.file.name}: {self.key!r} is damaged ({type(problem).__name__}: {problem}).") from None


def whole_arrays(arrays: list[StoredArray]) -> Iterator[np.ndarray]:
    """Arrays of numbers of one file that has several, whole, one after the other; it is opened once."""
    path = arrays[0].file
    for array in arrays:
        check_bytes(array.shape, array.dtype.itemsize)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        with path.open("rb") as file, Npz(file) as archive:
            for array in arrays:
                yield archive.read(array.key)
    elif suffix not in _BY_PARTS:
        found = file_arrays(path)
        for array in arrays:
            yield found[array.key].read()
    else:
        import h5py

        with h5py.File(path, "r") as file:
            for array in arrays:
                check_chunks(file[array.key], array.shape)
                yield file[array.key][()]


def _parts(rows: Any, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
    """Rows `start` to `stop` of an array, or of what reads like one, `step` at a time."""
    return (rows[row : min(row + step, stop)] for row in range(start, stop, step))


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
        elif suffix == ".npz":
            headers = _npz_headers(path)
        elif suffix not in _BY_PARTS:
            return [
                StoredArray(path, key, f"{stem}/{key}" if key else stem, *_facts(array))
                for key, array in file_arrays(path).items()
            ]
        else:
            return _hdf5_arrays(path, stem)
    except OSError as problem:
        raise ImageReadError(f"{path.name} cannot be opened ({problem.strerror or problem}).") from None
    except ImageReadError as problem:
        raise ImageReadError(f"{path.name} was not read: {str(problem).rstrip('.')}.") from None
    return [
        StoredArray(path, key, f"{stem}/{key}" if key else stem, header.shape, header.dtype)
        for key, header in headers.items()
        if header.dtype.kind in "biufUS"
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

    def visit(name: str, entry: object) -> None:
        if not isinstance(entry, h5py.Dataset) or entry.external is not None or entry.is_virtual:
            return
        # Texts of any length are objects in NumPy.
        text = h5py.check_string_dtype(entry.dtype) is not None
        if text or entry.dtype.kind in "biuf":
            dtype = np.dtype("U64") if text else entry.dtype
            letters, attributes = ("", ()) if text or not entry.ndim else (axes_of(entry), _attributes(entry))
            content = _single(entry, text) if entry.size == 1 else None
            found.append(StoredArray(path, name, f"{stem}/{name}", entry.shape, dtype, letters, attributes, content))

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
    return found


def _single(array: Any, text: bool) -> np.ndarray | None:
    """A number or a short text, as an array of the shape that it has; None of a longer text."""
    if not text:
        check_chunks(array, array.shape)
        return np.asarray(array[()])
    value = np.ravel(array[()])[0]
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
