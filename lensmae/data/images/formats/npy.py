"""NumPy files from strangers: sizes are checked before memory is taken, and no pickle runs code."""

import io
import re
import stat
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from lensmae.data.images.pickled import read_objects
from lensmae.errors import ImageReadError

# A float64 image of 4096x4096 pixels.
MAX_BYTES = 1 << 27
_MAX_HEADER = 10_000
_MAX_AXES = 16
# What NumPy itself writes of an array of numbers. No parser but this pattern looks at such a header.
_PLAIN = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '[<>|][biuf][1248]', 'fortran_order': (?:True|False), "
    rb"'shape': \(\d{1,6}(?:, \d{1,6}){1,3}\), \} *\n",
    re.DOTALL,
)
_PLAIN_HEAD = 1 << 8
_PLAIN_BYTES = 1 << 22
_HEADERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
    (3, 0): npy_format.read_array_header_2_0,
}


@dataclass(frozen=True)
class NpyHeader:
    """What an npy header says, sides at least 0."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the array that should follow."""
        return count(self.shape) * self.dtype.itemsize


def count(shape: tuple[int, ...]) -> int:
    """Elements of a shape, exact however large."""
    product = 1
    for side in shape:
        product *= int(side)
    return product


def read_header(file: BinaryIO) -> NpyHeader:
    """The header of an npy stream; the stream then stands at its data. `ImageReadError` where it is damaged."""
    start = file.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY" or (start[6], start[7]) not in _HEADERS:
        raise ImageReadError("it has no whole NumPy header")
    version = (start[6], start[7])
    width = 2 if version == (1, 0) else 4
    length = file.read(width)
    size = int.from_bytes(length, "little")
    if size > _MAX_HEADER:
        raise ImageReadError(f"its NumPy header claims {size:,} bytes; the limit is {_MAX_HEADER:,}")
    return _parse(version, length + file.read(size))


@lru_cache(maxsize=64)
def _parse(version: tuple[int, int], header: bytes) -> NpyHeader:
    """Parsing costs more than reading a small image, and the files of one set have one header."""
    try:
        shape, fortran, dtype = _HEADERS[version](io.BytesIO(header))
    except Exception as problem:  # noqa: BLE001
        # NumPy parses the header as a Python literal; damage there surfaces as tokenizer, syntax, type and other errors.
        raise ImageReadError(f"its NumPy header cannot be read ({problem})") from None
    if len(shape) > _MAX_AXES:
        raise ImageReadError(f"its header claims an array of {len(shape):,} axes")
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise ImageReadError(f"its header claims an array of shape {shape}")
    return NpyHeader(tuple(shape), bool(fortran), dtype)


def plain_content(path: Path) -> bytes | None:
    """The content of an npy file of numbers as NumPy writes it, of two to four axes and up to 4 MiB; None of any other file.
    Nothing in such a file is decoded, so it may be read in any process."""
    try:
        if path.suffix != ".npy" or not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            if _PLAIN.match(head := file.read(_PLAIN_HEAD)) is None:
                return None
            content = head + file.read(_PLAIN_BYTES)
    except (OSError, ValueError):
        return None
    return content if len(content) <= _PLAIN_BYTES else None


def read_npy(file: BinaryIO) -> np.ndarray:
    """The array of an npy stream, numbers or objects; `ImageReadError` (without the file's name) where it is damaged, too
    large or of another type."""
    header = read_header(file)
    shape, dtype = header.shape, header.dtype
    if dtype == np.dtype(object):
        return read_objects(file, shape)
    fields = [dtype[name].base.kind for name in dtype.names] if dtype.names else [dtype.kind]
    if not set(fields) <= set("biufcSU" if dtype.names else "biufc"):
        raise ImageReadError(f"its values are of type {dtype}; real numbers are needed")
    if header.nbytes > MAX_BYTES:
        raise ImageReadError(
            f"its header claims an array of shape {shape}, {header.nbytes / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:,.0f} MB"
        )
    data = file.read(header.nbytes)
    if len(data) < header.nbytes:
        raise ImageReadError(f"it is cut short: {len(data)} of {header.nbytes} bytes of the array {shape} are there")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if header.fortran else "C")


class Npz:
    """An npz file whose members are read one by one, never past the size that the directory states."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except Exception as problem:  # noqa: BLE001
            # zipfile raises many kinds of errors on damaged directories; all mean the same.
            raise ImageReadError(f"it is not a readable npz file ({problem})") from None
        self._members = {
            member.filename.removesuffix(".npy"): member
            for member in self._archive.infolist()
            if member.filename.endswith(".npy")
        }

    def __enter__(self) -> "Npz":
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def header(self, key: str) -> NpyHeader:
        """Header of a member."""
        with self.open(key) as stream:
            return read_header(stream)

    def open(self, key: str) -> "_Member":
        """A member as a stream."""
        member = self._members[key]
        # LZMA and BZ2 take memory as the file says; NumPy writes neither.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise ImageReadError(f"its array {key!r} is encrypted or compressed in a way that NumPy does not write")
        with _damage(key):
            return _Member(self._archive.open(member), key)

    def read(self, key: str) -> np.ndarray:
        """A whole member."""
        with self.open(key) as stream:
            return read_npy(stream)

    @property
    def keys(self) -> list[str]:
        """Names of the members."""
        return list(self._members)


class _Member(io.RawIOBase):
    """A zip member whose damage is said as `ImageReadError`."""

    def __init__(self, stream: BinaryIO, key: str) -> None:
        self._stream, self._key = stream, key

    def read(self, size: int = -1) -> bytes:
        with _damage(self._key):
            return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _damage:
    """Any error of zipfile and zlib means that the member is damaged."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, problem: BaseException | None, _: object) -> None:
        if isinstance(problem, Exception):
            raise ImageReadError(f"its array {self._key!r} is damaged ({type(problem).__name__}: {problem})") from None
