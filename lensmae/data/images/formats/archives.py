"""A file packed by gzip, bzip2, xz or zip, unpacked no further than an image may be."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import PurePosixPath

from lensmae.data.images.formats.stored import MAX_FILE
from lensmae.errors import ImageReadError

_GZIP, _BZIP2, _XZ, _ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04"
# What xz -9 needs to unpack.
_XZ_MEMORY = 1 << 27
_MOST_STREAMS = 1000
# Twice, and once to see that it is packed no more.
_DEEPEST = 3
_UNKNOWN = {
    b"\x1f\x9d": "compress (.Z)", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x5d\x00\x00\x80\x00": "LZMA (.lzma)",
}  # fmt: skip


def unpacked(data: bytes) -> bytes:
    """The content of a packed file, or the data as they are; of a `fits.gz` in a zip archive that of both."""
    for _ in range(_DEEPEST):
        if (inner := _once(data)) is data:
            return data
        data = inner
    raise ImageReadError(f"it is packed more than {_DEEPEST - 1} times; unpack it first")


def _once(data: bytes) -> bytes:
    for signature, name in _UNKNOWN.items():
        if data.startswith(signature):
            raise ImageReadError(f"it is packed by {name}, which is not read; unpack it first")
    _no_tar(data)
    try:
        if data.startswith(_GZIP):
            return _no_tar(_within(gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_FILE + 1)))
        if data.startswith(_BZIP2):
            return _no_tar(_within(bz2.BZ2File(io.BytesIO(data)).read(MAX_FILE + 1)))
        if data.startswith(_XZ):
            return _no_tar(_xz(data))
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as problem:
        raise ImageReadError(f"its packed data are damaged ({problem})") from None
    return _from_zip(data) if data.startswith(_ZIP) else data


def _xz(data: bytes) -> bytes:
    """All streams of an xz file; Python's own reader of several has no limit of memory."""
    found = b""
    for _ in range(_MOST_STREAMS):
        one = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        found = _within(found + one.decompress(data, MAX_FILE + 1 - len(found)))
        if not one.eof:
            raise EOFError("they are cut short")
        data = one.unused_data.lstrip(b"\0")
        if not data.startswith(_XZ):
            break
    return found


def _no_tar(data: bytes) -> bytes:
    if data[257:262] == b"ustar":
        raise ImageReadError("it is a tar archive of files; unpack it first")
    return data


def _within(data: bytes) -> bytes:
    if len(data) > MAX_FILE:
        raise ImageReadError(f"its compressed data unpack to more than {MAX_FILE / 1e6:,.1f} MB")
    return data


def _from_zip(data: bytes) -> bytes:
    """The one file of a zip archive; npz and torch files, which are such archives too, stay as they are."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and not _is_junk(one.filename)]
            if any(one.filename.endswith((".npy", "/data.pkl", "/version")) for one in members):
                return data
            if len(members) != 1:
                named = ", ".join(one.filename for one in members[:4])
                raise ImageReadError(f"it is a zip archive of {len(members)} files ({named}); unpack it first")
            with archive.open(members[0]) as stream:
                return _within(stream.read(MAX_FILE + 1))
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # zipfile raises many kinds of errors on damaged archives; all mean the same.
        raise ImageReadError(f"its zip archive is damaged ({type(problem).__name__}: {problem})") from None


def _is_junk(name: str) -> bool:
    """What macOS adds to archives."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
