"""The image reader as everybody calls it: in a decoding process, so that no file can harm this one."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from lensmae.data.decoding import each, named, read_file, read_pieces
from lensmae.data.images import reader
from lensmae.data.images.formats.in_memory import as_source
from lensmae.data.images.formats.npy import plain_content
from lensmae.data.images.labels_beside import content_may_be_stack, lengths_beside
from lensmae.data.images.lens_image import LensImage
from lensmae.data.images.reader import Part, Source
from lensmae.errors import ImageReadError

# Bytes of files that wait for their turn.
_HELD = 1 << 23
_Found = Iterator[tuple[int, LensImage | ImageReadError]]


def read_image(source: Any, name: str | None = None, **how: Any) -> LensImage:
    """`lensmae.data.images.reader.read_image`, with all its options, in a process with limits on time and memory.

    `source` may also be an open binary file, an astropy `HDUList`, HDU or `CCDData`, a NumPy array or a tensor (`as_source`).
    Raises `ImageReadError` with the file's name; also where the decoder crashes, takes too long or too much memory.
    """
    if not isinstance(source, str | Path | bytes):
        name = name or getattr(source, "name", None) or f"the {type(source).__name__}"
        source = as_source(source)
    label = reader.label_of(source, name)
    if (content := _undecoded(source, how)) is not None:
        return reader.read_image(content, label, **how)
    return read_file(label, reader.read_image, **_call(source, label, how))


def read_lenses(source: Source, name: str | None = None, **how: Any) -> Iterator[LensImage]:
    """`lensmae.data.images.reader.read_lenses`, with all its options, in such a process: one lens after the other."""
    label = reader.label_of(source, name)
    return read_pieces(label, reader.read_lenses, **_call(source, label, how))


def read_all_lenses(sources: Sequence[tuple[Source, str]], **how: Any) -> _Found:
    """`read_lenses` of many files, with their names: the index of the file, and a lens of it, or why it was not read.

    The next files are read while one is looked at, so that many small ones come fast. An npy file of plain numbers is read in
    this process: it has no decoder that could be led astray (`lensmae.data.images.formats.npy.plain_content`).
    """
    left = iter(range(len(sources)))
    while (place := next(left, None)) is not None:
        yield from _some(sources, chain([place], left), how)


def _some(sources: Sequence[tuple[Source, str]], places: Iterator[int], how: Mapping[str, Any]) -> _Found:
    """The next files, as many as there are until the contents that are held fill their room."""
    held: deque[tuple[int, bytes]] = deque()
    there: list[int] = []

    def calls() -> Iterator[dict[str, Any]]:
        for place in places:
            source, name = sources[place]
            content = _undecoded(source, how)
            if content is None:
                there.append(place)
                yield _call(source, name, how)
                continue
            held.append((place, content))
            if sum(len(one) for _, one in held) > _HELD:
                return

    for index, found in each(reader.read_lenses, calls()):
        while held and held[0][0] < there[index]:
            yield from _here(*held.popleft(), sources, how)
        name = sources[there[index]][1]
        yield there[index], named(name, found) if isinstance(found, ImageReadError) else found
    for place, content in held:
        yield from _here(place, content, sources, how)


def _here(place: int, content: bytes, sources: Sequence[tuple[Source, str]], how: Mapping[str, Any]) -> _Found:
    name = sources[place][1]
    try:
        for lens in reader.read_lenses(content, name, **how):
            yield place, lens
    except ImageReadError as problem:
        yield place, named(name, problem)


def _undecoded(source: Source, how: Mapping[str, Any]) -> bytes | None:
    """The content of a file that needs no decoder; None of all others."""
    if isinstance(source, bytes) or how.get("beside") or (content := plain_content(Path(source))) is None:
        return None
    # Of a stack the labels in files beside it may say which axis is that of lenses.
    return None if content_may_be_stack(content) and lengths_beside(Path(source)) else content


def _call(source: Source, label: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the reader; the process may have begun in another folder."""
    options = {key: value for key, value in how.items() if value is not None}
    if "beside" in options:
        options["beside"] = {role: _absolute(one) for role, one in options["beside"].items()}
    return {"source": _absolute(source), "name": label, **options}


def _absolute(source: Part) -> Part:
    return source if isinstance(source, bytes | tuple) else Path(source).absolute()
