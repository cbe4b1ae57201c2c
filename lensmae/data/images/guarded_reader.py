"""The image reader as everybody calls it: in a decoding process, so that no file can harm this one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lensmae.data.decoding import each, named, read_file, read_pieces
from lensmae.data.images import reader
from lensmae.data.images.formats.in_memory import as_source
from lensmae.data.images.lens_image import LensImage
from lensmae.data.images.reader import Source
from lensmae.errors import ImageReadError


def read_image(source: Any, name: str | None = None, **how: Any) -> LensImage:
    """`lensmae.data.images.reader.read_image`, with all its options, in a process with limits on time and memory.

    `source` may also be an open binary file, an astropy `HDUList`, HDU or `CCDData`, a NumPy array or a tensor (`as_source`).
    Raises `ImageReadError` with the file's name; also where the decoder crashes, takes too long or too much memory.
    """
    if not isinstance(source, str | Path | bytes):
        name = name or getattr(source, "name", None) or f"the {type(source).__name__}"
        source = as_source(source)
    label = reader.label_of(source, name)
    return read_file(label, reader.read_image, **_call(source, label, how))


def read_lenses(source: Source, name: str | None = None, **how: Any) -> Iterator[LensImage]:
    """`lensmae.data.images.reader.read_lenses`, with all its options, in such a process: one lens after the other."""
    label = reader.label_of(source, name)
    return read_pieces(label, reader.read_lenses, **_call(source, label, how))


def read_all_lenses(sources: Sequence[tuple[Source, str]], **how: Any) -> Iterator[tuple[int, LensImage | ImageReadError]]:
    """`read_lenses` of many files, with their names: the index of the file, and a lens of it, or why it was not read.

    The next files are read while one is looked at, so that many small ones come fast.
    """
    calls = (_call(source, name, how) for source, name in sources)
    for place, found in each(reader.read_lenses, calls):
        yield place, named(sources[place][1], found) if isinstance(found, ImageReadError) else found


def _call(source: Source, label: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the reader; the process may have begun in another folder."""
    options = {key: value for key, value in how.items() if value is not None}
    if "beside" in options:
        options["beside"] = {role: _absolute(one) for role, one in options["beside"].items()}
    return {"source": _absolute(source), "name": label, **options}


def _absolute(source: Source) -> Source:
    return source if isinstance(source, bytes) else Path(source).absolute()
