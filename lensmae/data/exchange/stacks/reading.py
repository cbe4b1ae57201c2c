"""Arrays of many lenses as everybody reads them: in a decoding process, so that no file can harm this one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lensmae.data.decoding import read_file, read_pieces
from lensmae.data.exchange.stacks import importing, listing
from lensmae.data.exchange.stacks.importing import StoredArray


def stored_arrays(path: Path, above: Path) -> list[StoredArray]:
    """`lensmae.data.exchange.stacks.listing.stored_arrays` in a decoding process."""
    found = read_file(path.name, listing.stored_arrays, path.absolute(), above.absolute())
    return [replace(array, file=path) for array in found]


def array_blocks(array: StoredArray, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
    """`StoredArray.blocks` in a decoding process, which ends if the last block is not waited for: ask for no more than needed."""
    return read_pieces(array.file.name, StoredArray.blocks, _absolute(array), start, stop)


def whole_array(array: StoredArray) -> np.ndarray:
    """`StoredArray.whole` in a decoding process."""
    if array.content is not None:
        return array.content
    return read_file(array.file.name, StoredArray.whole, _absolute(array))


def whole_arrays(arrays: Sequence[StoredArray]) -> Iterator[np.ndarray]:
    """`lensmae.data.exchange.stacks.importing.whole_arrays` in a decoding process."""
    return read_pieces(arrays[0].file.name, importing.whole_arrays, list(map(_absolute, arrays)))


def _absolute(array: StoredArray) -> StoredArray:
    """The process may have begun in another folder."""
    return replace(array, file=array.file.absolute())
