"""The image reader as everybody calls it: in a decoding process, so that no file can harm this one."""

from pathlib import Path
from typing import Any

from lensmae.data.decoding import read_file
from lensmae.data.images import reader
from lensmae.data.images.reader import LensImage


def read_image(source: Path | bytes, name: str | None = None, **how: Any) -> LensImage:
    """`lensmae.data.images.reader.read_image`, with all its options, in a process with limits on time and memory.

    Raises `ImageReadError` with the file's name; also where the decoder crashes, takes too long or too much memory.
    """
    label = name or (source.name if isinstance(source, Path) else "the upload")
    return read_file(label, reader.read_image, source.absolute() if isinstance(source, Path) else source, label, **how)
