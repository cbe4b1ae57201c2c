"""New arrays on disk, whose space is there before anything is written into them: a full disk is a message, not a dead process."""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from lensmae.errors import DatasetError
from lensmae.folders import disk_is_full

_BLOCK = 1 << 20
_ROWS = 256


def new_arrays(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.memmap]:
    """New float32 arrays NAME.npy in a folder, memory-mapped for writing, zero.

    Raises `DatasetError` where the disk has no room for all of them; none is left then.
    """
    size = sum(4 * int(np.prod(shape)) for shape in shapes.values())
    free = shutil.disk_usage(folder).free
    if size > free:
        raise _no_room(folder, size, f"{_text(free)} are free")
    made: list[Path] = []
    try:
        arrays = {}
        for name, shape in shapes.items():
            made.append(folder / f"{name}.npy")
            arrays[name] = open_memmap(made[-1], mode="w+", dtype=np.float32, shape=shape)
            # A mapped page that the disk has no room for kills the process (SIGBUS) when it is written to.
            _reserve(made[-1])
    except OSError as problem:
        for path in made:
            path.unlink(missing_ok=True)
        if not disk_is_full(problem):
            raise
        raise _no_room(folder, size, os.strerror(problem.errno).lower()) from None
    return arrays


def new_array(path: Path, shape: tuple[int, ...]) -> np.memmap:
    """One of `new_arrays`, by its path PARENT/NAME.npy."""
    return new_arrays(path.parent, {path.stem: shape})[path.stem]


def rows_apart(array: np.ndarray, rows: np.ndarray, path: Path) -> np.memmap:
    """The rows (K,) of an array (N, ...), a block at a time, in a new one PARENT/NAME.npy."""
    copied = new_array(path, (len(rows), *array.shape[1:]))
    for start in range(0, len(rows), _ROWS):
        copied[start : start + _ROWS] = array[rows[start : start + _ROWS]]
    copied.flush()
    return copied


def _reserve(path: Path) -> None:
    """Give a file all its blocks."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, size)
                return
            except OSError as problem:
                if problem.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                    raise
        # Some file systems, and macOS, cannot reserve: the zeros after the header's first block are written out.
        file.seek(header := min(size, 4096))
        for start in range(header, size, _BLOCK):
            file.write(bytes(min(_BLOCK, size - start)))
        file.flush()
        os.fsync(file.fileno())


def _no_room(folder: Path, size: int, why: str) -> DatasetError:
    return DatasetError(f"No room in {folder.parent}: the data set takes {_text(size)}; {why}. Make room, or make a smaller one.")


def _text(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
