"""Calls and answers of a decoding process as plain bytes: JSON, then raw arrays and bytes. A process that a hostile file has
taken over can send anything; it is only ever read as values of the type that the called function promises."""

import dataclasses
import json
import struct
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

MAX_TEXT = 1 << 24
_KINDS = "biufcSU"
_HEAD = struct.Struct("<I")
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_PLAIN = frozenset((type(None), bool, int, float, str))
_DAMAGES = (ValueError, TypeError, KeyError, RecursionError, OverflowError, AttributeError, ImportError)

Piece = bytes | memoryview
Receive = Callable[[memoryview], None]


class DamagedAnswer(Exception):
    """What came back is no value of the promised type."""


def write(value: object) -> list[Piece]:
    """The bytes of a value, piece by piece. Raises `TypeError` for what is no plain value."""
    frames: list[Piece] = []
    text = _ENCODE(_tree(value, frames)).encode()
    if len(text) > MAX_TEXT:
        raise ValueError(f"a message of {len(text)} bytes of text")
    return [_HEAD.pack(len(text)) + text, *frames]


def read(hint: Any, receive: Receive, limit: float) -> Any:
    """A value of the type `hint` from bytes.

    Args:
        hint: the type.
        receive: fills a buffer with the next bytes.
        limit: bytes that arrays may have in all.

    Raises `DamagedAnswer` where it is another.
    """
    frames, tree = _Frames(receive, limit), _receive_json(receive)
    try:
        return reader(hint)(tree, frames)
    except _DAMAGES:
        raise DamagedAnswer from None


def read_call(parameters_of: Callable[[str], Mapping[str, Any]], receive: Receive) -> tuple[str, dict[str, Any]]:
    """A function's name and its arguments by name, written as `[name, arguments]`.

    Args:
        parameters_of: types of a function's parameters, by its name.
        receive: fills a buffer with the next bytes.
    """
    name, arguments = _receive_json(receive)
    hints, frames = parameters_of(name), _Frames(receive, float("inf"))
    return name, {key: reader(hints[key])(tree, frames) for key, tree in arguments}


def _receive_json(receive: Receive) -> Any:
    """The JSON at the beginning of a message. Raises `DamagedAnswer` where it is none."""
    head = bytearray(_HEAD.size)
    receive(memoryview(head))
    (size,) = _HEAD.unpack(head)
    if size > MAX_TEXT:
        raise DamagedAnswer
    text = bytearray(size)
    receive(memoryview(text))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedAnswer from None


def _tree(value: Any, frames: list[Piece]) -> Any:
    return value if type(value) in _PLAIN else _writer(type(value))(value, frames)


@lru_cache(maxsize=256)
def _writer(kind: type) -> Callable[[Any, list[Piece]], Any]:
    """How values of a type become JSON and frames."""
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
        return lambda value, frames: [_tree(getattr(value, name), frames) for name in names]
    for base, write_one in _WRITERS:
        if issubclass(kind, base):
            return write_one
    raise TypeError(f"a {kind.__name__} is no plain value")


def _write_array(value: np.ndarray, frames: list[Piece]) -> dict[str, Any]:
    if value.nbytes:
        frames.append(memoryview(np.ascontiguousarray(value).reshape(-1).view(np.uint8)))
    return {"dtype": value.dtype.str, "shape": value.shape}


def _write_bytes(value: bytes, frames: list[Piece]) -> dict[str, int]:
    frames.append(value)
    return {"bytes": len(value)}


# NumPy's float64 is a float and its str_ a text, so they come first.
_WRITERS: tuple[tuple[type, Callable[[Any, list[Piece]], Any]], ...] = (
    (np.generic, lambda value, frames: _tree(value.item(), frames)),
    (np.ndarray, _write_array),
    (np.dtype, lambda value, _: value.str),
    (bytes, _write_bytes),
    (PurePath, lambda value, _: {"path": str(value)}),
    (str, lambda value, _: str.__str__(value)),
    (Mapping, lambda value, frames: [[_tree(key, frames), _tree(entry, frames)] for key, entry in value.items()]),
    (Sequence, lambda value, frames: [_tree(entry, frames) for entry in value]),
)


class _Frames:
    """Arrays and bytes come after the text, in the order in which it names them; that is the order of `_tree` too."""

    def __init__(self, receive: Receive, limit: float) -> None:
        self._receive, self._left = receive, limit

    def array(self, tree: Any) -> np.ndarray:
        dtype, shape = np.dtype(_typed(tree["dtype"], str)), tuple(tree["shape"])
        if dtype.kind not in _KINDS or len(shape) > 32 or not all(type(side) is int and side >= 0 for side in shape):
            raise DamagedAnswer
        size = dtype.itemsize
        for side in shape:
            size *= side
        self._take(size)
        array = np.empty(shape, dtype)
        if array.nbytes:
            self._receive(memoryview(array.reshape(-1).view(np.uint8)))
        return array

    def bytes(self, tree: Any) -> bytes:
        size = _typed(tree["bytes"], int)
        self._take(size)
        found = bytearray(size)
        self._receive(memoryview(found))
        return bytes(found)

    def _take(self, size: int) -> None:
        self._left -= size
        if size < 0 or self._left < 0:
            raise DamagedAnswer


Reader = Callable[[Any, _Frames], Any]


@lru_cache(maxsize=256)
def reader(hint: Any) -> Reader:
    """How a value of the type `hint` is read from JSON and frames."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _any_of(inner)
    if hint is np.ndarray or origin is np.ndarray:
        return lambda tree, frames: frames.array(tree)
    if hint is bytes:
        return lambda tree, frames: frames.bytes(tree)
    if hint is np.dtype:
        return lambda tree, _: np.dtype(_typed(tree, str))
    if hint is Path:
        return lambda tree, _: Path(_typed(tree["path"], str))
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    if origin is Literal:
        return lambda tree, _: inner[inner.index(tree)]
    if origin in (list, Sequence):
        one = reader(inner[0])
        return lambda tree, frames: [one(entry, frames) for entry in _typed(tree, list)]
    if origin is tuple:
        return _tuple(inner)
    if origin in (dict, Mapping):
        key, value = map(reader, inner)
        return lambda tree, frames: {key(name, frames): value(entry, frames) for name, entry in _typed(tree, list)}
    if hint is float:
        return lambda tree, _: float(tree) if type(tree) is int else _typed(tree, float)
    if hint is None or hint in _PLAIN:
        kind = type(None) if hint is None else hint
        return lambda tree, _: _typed(tree, kind)
    raise TypeError(f"{hint} is the type of no plain value")


def _any_of(kinds: Sequence[Any]) -> Reader:
    """Of the types the first that fits; None is the commonest."""
    others = [reader(kind) for kind in kinds if kind is not type(None)]
    optional = len(others) < len(kinds)

    def read_one(tree: Any, frames: _Frames) -> Any:
        if tree is None and optional:
            return None
        for one in others[:-1]:
            try:
                return one(tree, frames)
            except (DamagedAnswer, *_DAMAGES):
                continue
        return others[-1](tree, frames)

    return read_one


def _dataclass(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    fields = [(field.name, reader(hints[field.name])) for field in dataclasses.fields(kind)]

    def read_one(tree: Any, frames: _Frames) -> Any:
        parts = zip(fields, _typed(tree, list), strict=True)
        return kind(**{name: one(part, frames) for (name, one), part in parts})

    return read_one


def _tuple(inner: Sequence[Any]) -> Reader:
    if inner[1:] == (...,):
        each = reader(inner[0])
        return lambda tree, frames: tuple([each(entry, frames) for entry in _typed(tree, list)])
    kinds = [reader(kind) for kind in inner]
    return lambda tree, frames: tuple([one(entry, frames) for entry, one in zip(_typed(tree, list), kinds, strict=True)])


def _typed(tree: Any, kind: type) -> Any:
    if type(tree) is not kind:
        raise DamagedAnswer
    return tree
