"""Arrays that hold many lenses: npy, npz and HDF5 files are read block by block, whatever their size, others whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from lensmae.data.exchange.stacks.files import SUFFIXES, file_arrays
from lensmae.data.images import roles
from lensmae.data.images.formats import check_bytes
from lensmae.data.images.formats.hdf5 import Hdf5Array
from lensmae.data.images.formats.npy import MAX_BYTES, Npz, count, read_header
from lensmae.errors import ImageReadError

# Of these a part can be read; the others are read whole.
BY_PARTS = (".npy", ".npz", ".h5", ".hdf5", ".hdf", ".he5")
_BLOCK_BYTES = 1 << 24


def may_hold_stack(path: Path) -> bool:
    """Whether a file's name is that of a format that can hold many lenses."""
    return path.name.lower().endswith((*BY_PARTS, *SUFFIXES))


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
        column: of an array of records the field that this is, also the last part of `key`.
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
    column: str = ""

    @property
    def member(self) -> str:
        """Name in the file of the array that is stored, whose field this may be."""
        return self.key.removesuffix(self.column).removesuffix("/") if self.column else self.key

    @property
    def _is_read_whole(self) -> bool:
        """Whether no part of its file can be read alone; such are objects of npy files, which have names that the file does not
        know."""
        suffix = self.file.suffix.lower()
        return suffix not in BY_PARTS or (suffix == ".npy" and self.key != self.column)

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """Rows `start` to `stop` (the end), in order, some 16 MB at a time. Raises `ImageReadError` where it is damaged."""
        check_bytes(self.shape[1:], self.dtype.itemsize)
        step = max(1, _BLOCK_BYTES // max(1, count(self.shape[1:]) * self.dtype.itemsize))
        stop = self.shape[0] if stop is None else min(stop, self.shape[0])
        suffix = self.file.suffix.lower()
        if self._is_read_whole:
            yield from _parts(self._from_file(), start, stop, step)
        elif suffix == ".npy":
            yield from self._from_npy(start, stop, step)
        elif suffix == ".npz":
            yield from self._from_npz(start, stop, step)
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
        if self._is_read_whole:
            return self._from_file()
        if self.file.suffix.lower() == ".npz":
            with self.file.open("rb") as file, Npz(file) as archive, archive.open(self.key) as stream:
                header = read_header(stream)
                return np.frombuffer(stream.read(header.nbytes), header.dtype).reshape(())
        import h5py

        with h5py.File(self.file, "r") as file:
            value = Hdf5Array(file[self.member], self.column).read()[()]
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
        yield from map(np.array, _parts(array[self.column] if self.column else array, start, stop, step))

    def _from_npz(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        with self.file.open("rb") as file, Npz(file) as archive, archive.open(self.member) as stream:
            header = read_header(stream)
            if header.fortran and len(header.shape) > 1:
                if header.nbytes > MAX_BYTES:
                    raise ImageReadError(f"{self.file.name}: {self.key!r} is in Fortran order; save it in C order.")
                whole = np.frombuffer(stream.read(header.nbytes), header.dtype).reshape(header.shape, order="F")
                yield np.ascontiguousarray(self.own(whole)[start:stop])
                return
            size = count(header.shape[1:]) * header.dtype.itemsize
            for row in range(0, stop, step):
                rows = min(step, stop - row)
                data = stream.read(rows * size)
                if len(data) < rows * size:
                    raise ImageReadError(f"{self.file.name}: {self.key!r} is cut short.")
                if row + rows > start:
                    yield self.own(np.frombuffer(data, header.dtype).reshape(rows, *header.shape[1:]))[max(0, start - row) :]

    def own(self, stored: np.ndarray) -> np.ndarray:
        """Of stored records the field that this is."""
        return stored[self.column] if self.column else stored

    def _from_hdf5(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        import h5py

        try:
            with h5py.File(self.file, "r") as file:
                array = Hdf5Array(file[self.member], self.column)
                array.check(step)
                for row in range(start, stop, step):
                    block = array.read(np.s_[row : min(row + step, stop)])
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
    if suffix == ".npy":
        for array in arrays:
            yield np.concatenate(list(array.blocks()))
    elif suffix == ".npz":
        with path.open("rb") as file, Npz(file) as archive:
            for array in arrays:
                yield array.own(archive.read(array.member))
    elif suffix not in BY_PARTS:
        found = file_arrays(path)
        for array in arrays:
            yield found[array.key].read()
    else:
        import h5py

        with h5py.File(path, "r") as file:
            for array in arrays:
                stored = Hdf5Array(file[array.member], array.column)
                stored.check()
                yield stored.read()


def _parts(rows: Any, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
    """Rows `start` to `stop` of an array, or of what reads like one, `step` at a time."""
    return (rows[row : min(row + step, stop)] for row in range(start, stop, step))
