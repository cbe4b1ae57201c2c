"""Answers of a decoding process as plain bytes: JSON and raw arrays. A process that a hostile file has taken over can send
anything; it is only ever read as values of the type that the called function promises."""

import dataclasses
import json
import struct
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

MAX_TEXT = 1 << 24
_KINDS = "biufcSU"
_HEAD = struct.Struct("<I")


class DamagedAnswer(Exception):
    """What came back is no value of the promised type."""


def write(value: object) -> Iterator[bytes | memoryview]:
    """The bytes of a value, piece by piece."""
    arrays: list[np.ndarray] = []
    text = json.dumps(_tree(value, arrays)).encode()
    if len(text) > MAX_TEXT:
        raise ValueError(f"an answer of {len(text)} bytes of text")
    yield _HEAD.pack(len(text)) + text
    for array in arrays:
        if array.nbytes:
            yield memoryview(array.reshape(-1).view(np.uint8))


def read(hint: Any, receive: Callable[[memoryview], None], limit: int) -> Any:
    """A value of the type `hint` from bytes.

    Args:
        hint: the type.
        receive: fills a buffer with the next bytes.
        limit: bytes that arrays may have in all.

    Raises `DamagedAnswer` where it is another.
    """
    head = bytearray(_HEAD.size)
    receive(memoryview(head))
    (size,) = _HEAD.unpack(head)
    if size > MAX_TEXT:
        raise DamagedAnswer
    text = bytearray(size)
    receive(memoryview(text))
    try:
        tree = json.loads(text)
        arrays = _Arrays(receive, limit)
        return _value(tree, hint, arrays)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, AttributeError):
        raise DamagedAnswer from None


def _tree(value: Any, arrays: list[np.ndarray]) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            # NumPy's float64 is a float, and JSON would write it as one.
            return value
        case np.generic():
            return value.item()
        case PurePath():
            return str(value)
        case np.dtype():
            return value.str
        case np.ndarray():
            arrays.append(np.ascontiguousarray(value).reshape(value.shape))
            return {"dtype": value.dtype.str, "shape": value.shape}
        case Mapping():
            return [[_tree(key, arrays), _tree(entry, arrays)] for key, entry in value.items()]
        case _ if dataclasses.is_dataclass(value):
            return [_tree(getattr(value, field.name), arrays) for field in dataclasses.fields(value)]
        case Sequence():
            return [_tree(entry, arrays) for entry in value]
    raise TypeError(f"a {type(value).__name__} is no plain value")


class _Arrays:
    """Arrays come after the text, in the order in which it names them; that is the order of `_tree` too."""

    def __init__(self, receive: Callable[[memoryview], None], limit: int) -> None:
        self._receive, self._left = receive, limit

    def next(self, tree: Any) -> np.ndarray:
        dtype, shape = np.dtype(str(tree["dtype"])), tuple(tree["shape"])
        if dtype.kind not in _KINDS or len(shape) > 32 or not all(type(side) is int and side >= 0 for side in shape):
            raise DamagedAnswer
        size = dtype.itemsize
        for side in shape:
            size *= side
        self._left -= size
        if self._left < 0:
            raise DamagedAnswer
        array = np.empty(shape, dtype)
        if array.nbytes:
            self._receive(memoryview(array.reshape(-1).view(np.uint8)))
        return array


def _value(tree: Any, hint: Any, arrays: _Arrays) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if tree is None and type(None) in inner:
            return None
        (hint,) = (one for one in inner if one is not type(None))
        return _value(tree, hint, arrays)
    if hint is np.ndarray or origin is np.ndarray:
        return arrays.next(tree)
    if hint is np.dtype:
        return np.dtype(_typed(tree, str))
    if hint is Path:
        return Path(_typed(tree, str))
    if dataclasses.is_dataclass(hint):
        parts = zip(_fields(hint), _typed(tree, list), strict=True)
        return hint(**{name: _value(part, kind, arrays) for (name, kind), part in parts})
    if origin is Literal and tree in inner:
        return tree
    if origin in (list, Sequence):
        return [_value(entry, inner[0], arrays) for entry in _typed(tree, list)]
    if origin is tuple:
        entries = _typed(tree, list)
        kinds = [inner[0]] * len(entries) if inner[1:] == (...,) else list(inner)
        return tuple(_value(entry, kind, arrays) for entry, kind in zip(entries, kinds, strict=True))
    if origin in (dict, Mapping):
        return {_value(key, inner[0], arrays): _value(entry, inner[1], arrays) for key, entry in _typed(tree, list)}
    if hint is float and type(tree) is int:
        return float(tree)
    return _typed(tree, type(None) if hint is None else hint)


@lru_cache(maxsize=64)
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(kind))


def _typed(tree: Any, kind: type) -> Any:
    if type(tree) is not kind:
        raise DamagedAnswer
    return tree
