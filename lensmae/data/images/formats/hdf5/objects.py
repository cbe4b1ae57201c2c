"""The objects of an HDF5 file, of which none may cost more than an image: how many, how deep, in how many chunks."""

from collections.abc import Callable, Sequence
from typing import Any

from lensmae.data.images.formats.npy import MAX_BYTES, count
from lensmae.data.images.formats.stored import MAX_PIECES, check_bytes, inflated
from lensmae.errors import ImageReadError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# HDF5's filters that cannot unpack to more than a chunk once the deflated ones are checked: deflate, shuffle, checksum, LZF,
# scale-offset and n-bit, which only widen numbers.
_HDF5_FILTERS = {1, 2, 3, 5, 6, 32000}
_LAST_USER_BLOCK = 1 << 20
# Attributes and groups of Keras's files.
_WEIGHTS = frozenset(("keras_version", "layer_names", "model_config", "model_weights", "optimizer_weights"))
# Objects in any file; in a larger one as many as have room there, up to what is listed in some seconds.
MAX_OBJECTS, _OBJECT_BYTES, _MOST_OBJECTS = 10_000, 512, 30_000
MAX_DEPTH = 32
MOST_ATTRIBUTES = 64


def is_hdf5(data: bytes) -> bool:
    """Whether HDF5 begins here, or behind a user block of 512, 1024, ... bytes, as MATLAB's files do."""
    at = 512
    while at <= _LAST_USER_BLOCK and not data.startswith(SIGNATURE):
        if data[at : at + len(SIGNATURE)] == SIGNATURE:
            return True
        at *= 2
    return data.startswith(SIGNATURE)


def no_weights(file: Any) -> None:
    """Refuse an HDF5 file of Keras, whose arrays are the weights of a network."""
    if not _WEIGHTS.isdisjoint(list(file.attrs)[:MOST_ATTRIBUTES]) or not _WEIGHTS.isdisjoint(file):
        raise ImageReadError("it holds the weights of a Keras network, no image")


def visit_objects(file: Any, look: Callable[[str, Any], None]) -> None:
    """Show every object of an HDF5 file with its name; `ImageReadError` where there are too many, or too deep."""
    seen, most = 0, min(max(MAX_OBJECTS, file.id.get_filesize() // _OBJECT_BYTES), _MOST_OBJECTS)

    def visit(name: str, entry: Any) -> str | None:
        nonlocal seen
        seen += 1
        if seen > most:
            return f"it holds more than {most:,} groups and arrays; save its lenses as one array (lenses, height, width)"
        if name.count("/") >= MAX_DEPTH:
            return f"its groups are nested more than {MAX_DEPTH} deep"
        look(name, entry)
        return None

    # What is returned ends the visit; raised errors would pass through HDF5's C library.
    if (problem := file.visititems(visit)) is not None:
        raise ImageReadError(problem)


def check_chunks(array: Any, shape: Sequence[int]) -> None:
    """Refuse an HDF5 array whose chunks are too large, unpack to more than they claim, or are too many in a part of `shape`."""
    if array.chunks is None:
        return
    pieces = count(tuple(-(-side // chunk) for side, chunk in zip(shape, array.chunks, strict=True)))
    if pieces > MAX_PIECES:
        raise ImageReadError(f"its array {array.name} lies in {pieces:,} chunks; the limit is {MAX_PIECES:,}")
    stored = array.id
    filters = [stored.get_create_plist().get_filter(index)[0] for index in range(stored.get_create_plist().get_nfilters())]
    if not set(filters) <= _HDF5_FILTERS or filters.count(1) > 1 or filters.count(32000) > 1:
        raise ImageReadError(f"its array {array.name} is compressed in a way that is not read (HDF5 filters {filters})")
    claimed = count(array.chunks) * array.dtype.itemsize
    check_bytes(array.chunks, array.dtype.itemsize)
    if 1 not in filters:
        return
    for index in range(stored.get_num_chunks()):
        chunk = stored.get_chunk_info(index)
        # Deflate packs at most about 1032 to 1.
        if chunk.size * 1032 > MAX_BYTES // 8:
            _, packed = stored.read_direct_chunk(chunk.chunk_offset)
            inflated(packed, claimed + 4096)
