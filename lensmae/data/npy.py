"""NumPy files from strangers: sizes are checked before memory is taken, and no pickle runs code.

DeepLense's axion files are object arrays `[image, axion_mass]`, which NumPy stores as a pickle. `_ArrayUnpickler` admits the
few functions that rebuild an array and nothing else.
"""

import io
import pickle
import zipfile
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from lensmae.errors import ImageReadError

MAX_BYTES = 1 << 28
MAX_OBJECT_BYTES = 1 << 26


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds arrays, dtypes and scalars of NumPy; any other name in the pickle is refused."""

    _MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")

    def find_class(self, module: str, name: str) -> object:
        if module in self._MULTIARRAY and name == "_reconstruct":
            return _reconstruct
        if module in self._MULTIARRAY and name == "scalar":
            return _scalar
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return _dtype
        if (module, name) == ("_codecs", "encode"):
            return _encode
        raise ImageReadError(f"it holds a pickled {module}.{name}, which is not read because it could run code")


def _dtype(code: object, *flags: object) -> np.dtype:
    """Plain numeric types and the object type only."""
    if not isinstance(code, str) or code[-1:].isalpha() or code[:1] not in "biufO|<>":
        raise ImageReadError(f"it holds the pickled type {code!r}, which is no plain number type")
    return np.dtype(code)


def _reconstruct(kind: type, shape: object, code: object) -> np.ndarray:
    """NumPy's own first step: an empty array that the pickle's state then fills and sizes."""
    if kind is not np.ndarray or shape != (0,):
        raise ImageReadError("it holds a pickled array of an unknown kind")
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _scalar(kind: np.dtype, data: object) -> np.generic:
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(data, bytes) or len(data) != kind.itemsize:
        raise ImageReadError("it holds a damaged pickled number")
    return np.frombuffer(data, kind)[0]


def _encode(text: object, encoding: object) -> bytes:
    """Old pickle protocols write bytes as Latin-1 text."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ImageReadError("it holds a pickled call that is not read")
    return text.encode("latin1")


def read_npy(file: BinaryIO) -> np.ndarray:
    """The array of an npy stream; `ImageReadError` (without the file's name) where it is damaged, too large or no numbers."""
    try:
        version = npy_format.read_magic(file)
        header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, fortran, dtype = header(file)
    except Exception as problem:  # noqa: BLE001
        # NumPy parses the header as a Python literal; damage there surfaces as tokenizer, syntax, type and other errors.
        raise ImageReadError(f"its NumPy header cannot be read ({problem})") from None
    count = 1
    for side in shape:
        count *= side
    if dtype.hasobject:
        return _read_objects(file, shape, dtype)
    size = count * dtype.itemsize
    if size > MAX_BYTES or count < 0:
        raise ImageReadError(
            f"its header claims an array of shape {shape}, {size / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:,.0f} MB"
        )
    data = file.read(size)
    if len(data) < size:
        raise ImageReadError(f"it is cut short: {len(data)} of {size} bytes of the array {shape} are there")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _read_objects(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if dtype != np.dtype(object):
        raise ImageReadError(f"its type {dtype} holds objects; only numbers are read")
    data = file.read(MAX_OBJECT_BYTES + 1)
    if len(data) > MAX_OBJECT_BYTES:
        raise ImageReadError(f"its object array is larger than {MAX_OBJECT_BYTES / 1e6:.0f} MB")
    try:
        result = _ArrayUnpickler(io.BytesIO(data)).load()
    except ImageReadError:
        raise
    except Exception as problem:  # noqa: BLE001
        # A hostile or damaged pickle can fail in any way; every one of them means the same here.
        raise ImageReadError(f"its object array is damaged ({type(problem).__name__})") from None
    if not isinstance(result, np.ndarray) or result.shape != shape:
        raise ImageReadError("its object array is not what its header says")
    return result


def split_objects(array: np.ndarray) -> tuple[np.ndarray, float | None]:
    """Image and axion mass (eV) of an array: `[image, mass]` of DeepLense's axion files, or a plain image."""
    if array.dtype != object:
        return array, None
    parts = list(array.ravel())
    images = [part for part in parts if isinstance(part, np.ndarray) and part.ndim >= 2 and part.dtype != object]
    numbers = [
        float(np.asarray(part).reshape(())) for part in parts if np.ndim(part) == 0 and isinstance(part, (float, int, np.number))
    ]
    if len(images) != 1 or len(parts) > 2:
        raise ImageReadError(f"its object array of shape {array.shape} is not [image, axion mass]")
    return images[0], numbers[0] if numbers else None


def read_npz(file: BinaryIO) -> dict[str, np.ndarray]:
    """The arrays of an npz file, by name; sizes are checked before anything is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            total = sum(member.file_size for member in members)
            if total > MAX_BYTES:
                raise ImageReadError(f"it unpacks to {total / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:,.0f} MB")
            return {member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError) as problem:
        raise ImageReadError(f"it is not a readable npz file ({problem})") from None
    except zipfile.zlib.error as problem:  # type: ignore[attr-defined]
        raise ImageReadError(f"its compressed data are damaged ({problem})") from None


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as stream:
        # The stream stops at the size the directory states, whatever the compressed data would go on to give.
        return read_npy(io.BytesIO(stream.read(member.file_size)))
