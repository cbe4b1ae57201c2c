"""Functions that a decoding process runs in the tests: each does what a hostile file may bring a decoder to do."""

import ctypes
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lensmae.errors import DatasetError, ImageReadError


@dataclass(frozen=True)
class Inner:
    scale: float | None
    header: str


@dataclass(frozen=True)
class Everything:
    image: np.ndarray
    inner: tuple[Inner, ...]
    table: dict[str, float]
    kind: np.dtype
    path: Path
    names: list[str] = field(default_factory=list)
    weight: np.ndarray | None = None


def everything(image: np.ndarray) -> Everything:
    inner = (Inner(None, "ä\n\x00"), Inner(3, "b"))
    return Everything(image, inner, {"a": np.float64(0.1), "b": float("nan")}, image.dtype, Path("x/y"), ["1"])


def number() -> int:
    return os.getpid()


def crash() -> int:
    return ctypes.string_at(0)[0]


def crash_unless_new(marker: str) -> int:
    """What an earlier file has left in the process brings it down at the next."""
    if marker in os.environ:
        return crash()
    os.environ[marker] = "1"
    return os.getpid()


def spin() -> int:
    while True:
        pass


def sleep() -> int:
    time.sleep(3600)
    return 0


def take_memory() -> int:
    return len(bytearray(2_000_000_000))


def refuse() -> int:
    raise DatasetError("No such thing.")


def fail() -> int:
    raise KeyError("surprise")


def lie() -> int:
    return "no number"  # type: ignore[return-value]


def say_much() -> np.ndarray:
    return np.zeros(1 << 29, np.uint8)


def write_beside(path: Path) -> int:
    path.write_text("code ran")
    return 0


def one_then_crash() -> Iterator[int]:
    yield 1
    crash()


def squares(n: int) -> Iterator[np.ndarray]:
    for value in range(n):
        yield np.array([value**2])


def by_kind(kind: str, value: int) -> int:
    if kind == "refuse":
        raise ImageReadError("No such lens.")
    work = {"ok": lambda: value, "crash": crash, "fail": fail, "memory": take_memory}
    return work[kind]()


def some(n: int, crashes: bool) -> Iterator[int]:
    yield from range(n)
    if crashes:
        crash()


def echo(data: bytes) -> bytes:
    return data


def number_of(value: int) -> int:
    return value


def unions(
    path: Path | str | bytes,
    data: Path | str | bytes,
    name: Path | str | bytes,
    beside: Mapping[str, Path | bytes] | None = None,
    band: int | None = None,
) -> list[str]:
    named = [f"{role} {type(one).__name__.removeprefix('Posix')}" for role, one in beside.items()]
    kinds = [f"{type(one).__name__.removeprefix('Posix')} {str(one)!r}" for one in (path, name)]
    return [kinds[0], f"bytes {data!r}", kinds[1], *named, f"{type(band).__name__} {band}"]


def parent() -> int:
    return os.getppid()
