"""MATLAB files up to version 7.2, as SciPy reads them; later ones are HDF5."""

import functools
import io
import struct
from collections.abc import Callable, Iterator

import numpy as np

from lensmae.data.images.formats.npy import MAX_BYTES, count
from lensmae.data.images.formats.numpy_file import named_lenses
from lensmae.data.images.formats.stored import Stored, check_bytes, inflated
from lensmae.errors import ImageReadError

SIGNATURE = b"MATLAB 5.0 MAT-file"
_HEADER = 128
_COMPRESSED = 15
_FEW = 8
_NUMBERS = ("double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "logical")


def matlab_lenses(data: bytes, item: str | None) -> Iterator[Stored]:
    """The image array of a MATLAB file, then all that are alike; structures, cells and objects are not looked into."""
    try:
        arrays = matlab_arrays(data)
        if not arrays and (inside := _inside(data)):
            raise ImageReadError(
                f"its {', '.join(inside[:4])} is a structure or a cell, which are not looked into; save the image as a "
                "variable of its own: image = lens.image; save('lens.mat', 'image')"
            )
        shapes = {name: shape for name, (shape, _) in arrays.items()}
        yield from named_lenses(shapes, lambda name: arrays[name][1](), item, lenses_first=False)
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # SciPy's parser raises many kinds of errors on damaged data.
        raise ImageReadError(f"its MATLAB data are damaged ({type(problem).__name__}: {problem})") from None


def matlab_arrays(data: bytes) -> dict[str, tuple[tuple[int, ...], Callable[[], np.ndarray]]]:
    """Shape and reader of every array of numbers in a MATLAB file up to version 7.2."""
    from scipy.io import loadmat, whosmat

    _check_elements(data)

    @functools.cache
    def all_variables() -> dict[str, np.ndarray]:
        return loadmat(io.BytesIO(data), variable_names=list(found))

    def read(name: str, shape: tuple[int, ...]) -> np.ndarray:
        check_bytes(shape, 8)
        # SciPy walks through the file for every call: of many small variables all are read by one.
        few = len(found) <= _FEW or 8 * sum(count(one) for one, _ in found.values()) > MAX_BYTES
        values = loadmat(io.BytesIO(data), variable_names=[name]) if few else all_variables()
        return np.asarray(values[name]).reshape(shape, order="F")

    found: dict[str, tuple[tuple[int, ...], Callable[[], np.ndarray]]] = {}
    for name, sides, kind in whosmat(io.BytesIO(data)):
        # MATLAB has no arrays of one axis.
        shape = (count(sides),) if len(sides) == 2 and 1 in sides else tuple(sides)
        if kind in _NUMBERS:
            found[name] = shape, functools.partial(read, name, shape)
    return found


def _inside(data: bytes) -> list[str]:
    """Names of structures and cells."""
    from scipy.io import whosmat

    return [name for name, _, kind in whosmat(io.BytesIO(data)) if kind in ("struct", "cell")]


def _check_elements(data: bytes) -> None:
    """Elements that are packed unpack to no more than an image."""
    order = "<" if data[126:128] == b"IM" else ">"
    index, left = _HEADER, MAX_BYTES
    while index + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, index)
        if kind == _COMPRESSED:
            left -= len(inflated(data[index + 8 : index + 8 + size], left))
        index += 8 + size
