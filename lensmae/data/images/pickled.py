"""Object arrays from strangers. DeepLense's axion files are `[image, axion_mass]`, which NumPy stores as a pickle.

No function of NumPy is called by the pickle: it fills the small records below, which are checked and only then become arrays.
Every other name in it is refused, and so is a pickle of many steps, since steps take memory that the file's size does not show.
"""

import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from lensmae.errors import ImageReadError

MAX_OBJECT_BYTES = 1 << 26
# An image of 150x150 pixels that are objects takes three steps a pixel.
_MAX_STEPS = 100_000
_MAX_OBJECTS = 32_768
_MAX_ENTRIES = 64
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")


class _Call:
    """A function that a pickle may call and not change."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise ImageReadError("its pickle changes a function")


class _Type:
    """A number type: code without byte order, then the byte order as the state says it."""

    __slots__ = ("code", "order")

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or code[:1] not in "biufcO" or not (code[1:].isdigit() and len(code) <= 3):
            raise ImageReadError(f"it holds the pickled type {code!r}, which is no plain number type")
        self.code, self.order = code, "="

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise ImageReadError("it holds a damaged pickled type")
        self.order = state[1]

    def dtype(self) -> np.dtype:
        return np.dtype(self.order + self.code)


class _Array:
    """An array: what `ndarray.__setstate__` would be given."""

    __slots__ = ("state",)

    def __init__(self, kind: object, shape: object, code: object) -> None:
        self.state: tuple[Any, ...] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _Type):
            raise ImageReadError("it holds a damaged pickled array")
        self.state = state

    def array(self) -> np.ndarray:
        """The checked array; an object array's entries are numbers and arrays of numbers."""
        if self.state is None:
            raise ImageReadError("it holds a pickled array without content")
        _, shape, kind, fortran, content = self.state
        if not isinstance(shape, tuple) or not all(type(side) is int and 0 <= side < 1 << 31 for side in shape) or len(shape) > 8:
            raise ImageReadError(f"it holds a pickled array of shape {shape!r}")
        dtype, size = kind.dtype(), 1
        for side in shape:
            size *= side
        order = "F" if fortran else "C"
        if dtype == np.dtype(object):
            return _objects(content, size).reshape(shape, order=order)
        if not isinstance(content, bytes) or len(content) != size * dtype.itemsize:
            raise ImageReadError(f"it holds a pickled array whose shape {shape} does not fit its data")
        return np.frombuffer(content, dtype).reshape(shape, order=order)


def _objects(content: object, size: int) -> np.ndarray:
    if not isinstance(content, list) or len(content) != size or size > _MAX_OBJECTS:
        raise ImageReadError("its object array is damaged or has too many entries")
    result = np.empty(size, dtype=object)
    for index, entry in enumerate(content):
        result[index] = _dictionary(entry) if isinstance(entry, dict) and size == 1 else _plain(entry)
    return result


def _plain(entry: object) -> object:
    """A number, or an array of numbers."""
    inner = entry.array() if isinstance(entry, _Array) else entry
    if not isinstance(inner, int | float | np.number | np.ndarray) or getattr(inner, "dtype", None) == np.dtype(object):
        raise ImageReadError(f"its object array holds a {type(inner).__name__}; only arrays and numbers are read")
    return inner


def _dictionary(entries: dict[object, object]) -> dict[str, object]:
    """Arrays and numbers by name; what is neither, such as a text, is left out."""
    if len(entries) > _MAX_ENTRIES or not all(isinstance(name, str) for name in entries):
        raise ImageReadError("its object array holds a dictionary that is no set of named arrays")
    return {name: _plain(entry) for name, entry in entries.items() if isinstance(entry, _Array | int | float | np.number)}


def _scalar(kind: object, data: object) -> np.generic:
    if not isinstance(kind, _Type) or kind.code[0] == "O" or not isinstance(data, bytes):
        raise ImageReadError("it holds a damaged pickled number")
    dtype = kind.dtype()
    if len(data) != dtype.itemsize:
        raise ImageReadError("it holds a damaged pickled number")
    return np.frombuffer(data, dtype)[0]


_NAMES = {
    "_reconstruct": _Call(_Array),
    "scalar": _Call(_scalar),
    "ndarray": _Call(_Array),
    "dtype": _Call(_Type),
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._left = len(data)

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("_codecs", "encode"):
            return _Call(self._encode)
        if module not in _MODULES or name not in _NAMES:
            raise ImageReadError(f"it holds a pickled {module}.{name}, which is not read because it could run code")
        return _NAMES[name]

    def _encode(self, text: object, encoding: object) -> bytes:
        """Old pickle protocols write bytes as Latin-1 text. All texts together are no longer than the pickle."""
        if not isinstance(text, str) or encoding != "latin1" or len(text) > self._left:
            raise ImageReadError("it holds a pickled call that is not read")
        self._left -= len(text)
        return text.encode("latin1")


def read_objects(file: BinaryIO, shape: tuple[int, ...]) -> np.ndarray:
    """The object array (numbers and arrays of numbers, or one dictionary of such) that is pickled in the rest of a stream."""
    data = file.read(MAX_OBJECT_BYTES + 1)
    if len(data) > MAX_OBJECT_BYTES:
        raise ImageReadError(f"its object array is larger than {MAX_OBJECT_BYTES / 1e6:.0f} MB")
    try:
        _check_steps(data)
        found = _Unpickler(data).load()
        result = found.array() if isinstance(found, _Array) else None
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # A hostile or damaged pickle can fail in any way; every one of them means the same here.
        raise ImageReadError(f"its object array is damaged ({type(problem).__name__})") from None
    if result is None or result.dtype != np.dtype(object) or result.shape != shape:
        raise ImageReadError("its object array is not what its header says")
    return result


def _check_steps(data: bytes) -> None:
    """A short pickle whose memory places are as few as its steps; the unpickler would take memory for any place named."""
    for step, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if step > _MAX_STEPS or (opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > _MAX_STEPS):
            raise ImageReadError("its object array is a longer pickle than [image, axion mass]")
