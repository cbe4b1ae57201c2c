"""The image reader as everybody calls it: in a decoding process, so that no file can harm this one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lensmae.data.decoding import read_file, read_pieces
from lensmae.data.images import reader
from lensmae.data.images.lens_image import LensImage
from lensmae.data.images.reader import Source


def read_image(source: Source, name: str | None = None, **how: Any) -> LensImage:
    """`lensmae.data.images.reader.read_image`, with all its options, in a process with limits on time and memory.

    Raises `ImageReadError` with the file's name; also where the decoder crashes, takes too long or too much memory.
    """
    label = reader.label_of(source, name)
    return read_file(label, reader.read_image, _absolute(source), label, **_absolutes(how))


def read_lenses(source: Source, name: str | None = None, **how: Any) -> Iterator[LensImage]:
    """`lensmae.data.images.reader.read_lenses`, with all its options, in such a process: one lens after the other."""
    label = reader.label_of(source, name)
    return read_pieces(label, reader.read_lenses, _absolute(source), label, **_absolutes(how))


def _absolute(source: Source) -> Source:
    """The process may have begun in another folder."""
    return source if isinstance(source, bytes) else Path(source).absolute()


def _absolutes(how: Mapping[str, Any]) -> dict[str, Any]:
    beside = how.get("beside")
    return dict(how) if beside is None else {**how, "beside": {role: _absolute(one) for role, one in beside.items()}}
