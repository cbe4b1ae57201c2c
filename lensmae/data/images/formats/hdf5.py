"""HDF5 files: the image by the names of groups and arrays. Links out of the file are not followed."""

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.formats.named_arrays import Names, alike, is_scale, with_beside
from lensmae.data.images.formats.npy import MAX_BYTES, count
from lensmae.data.images.formats.numpy_file import choose_array
from lensmae.data.images.formats.stored import MAX_PIECES, Stored, check_bytes, inflated
from lensmae.errors import ImageReadError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# HDF5's filters that cannot unpack to more than a chunk once the deflated ones are checked: deflate, shuffle, checksum, LZF,
# scale-offset and n-bit, which only widen numbers.
_HDF5_FILTERS = {1, 2, 3, 5, 6, 32000}
_LAST_USER_BLOCK = 1 << 20
# Attributes and groups of Keras's files.
_WEIGHTS = frozenset(("keras_version", "layer_names", "model_config", "model_weights", "optimizer_weights"))
# Objects in any file; in a larger one as many as have room there, up to what is listed in some seconds.
MAX_OBJECTS, _OBJECT_BYTES, _MOST_OBJECTS = 10_000, 512, 30_000
MAX_DEPTH = 32
_MOST_ATTRIBUTES = 64
_LENS_WORDS = ("lens", "lenses", "n", "batch", "sample", "samples", "image", "index", "time", "t", "frame")
_LETTERS = {"y": "H", "x": "W", "row": "H", "rows": "H", "height": "H", "h": "H", "column": "W", "columns": "W", "width": "W",
            "w": "W", "band": "C", "bands": "C", "channel": "C", "channels": "C", "c": "C", "filter": "C", "wavelength": "C",
            "ra": "W", "dec": "H"} | dict.fromkeys(_LENS_WORDS, "N")  # fmt: skip


def is_hdf5(data: bytes) -> bool:
    """Whether HDF5 begins here, or behind a user block of 512, 1024, ... bytes, as MATLAB's files do."""
    at = 512
    while at <= _LAST_USER_BLOCK and not data.startswith(SIGNATURE):
        if data[at : at + len(SIGNATURE)] == SIGNATURE:
            return True
        at *= 2
    return data.startswith(SIGNATURE)


def hdf5_lenses(data: bytes, item: str | None) -> Iterator[Stored]:
    """The image array of an HDF5 file, then all that are alike; the file is walked through once, whatever their number."""
    with _opened(data) as arrays:
        chosen, images, passed = _choose(arrays.file, arrays.shapes, item)
        first = arrays.stored(chosen, images, passed)
        if item is None and roles.role(chosen) != roles.SCIENCE and (outside := _outside(arrays.file)):
            _refuse_for(chosen, outside)
            first = replace(first, notes=(*first.notes, f"Not followed, as they lie in other files: {', '.join(outside[:4])}."))
        yield first
        for name in first.alike:
            yield arrays.stored(name, (name,), ())


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator["_Arrays"]:
    import h5py

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            no_weights(file)
            yield _Arrays(file, data)
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # HDF5's C library reports damage in many ways.
        raise ImageReadError(f"its HDF5 structure is damaged ({type(problem).__name__}: {problem})") from None


def no_weights(file: Any) -> None:
    """Refuse an HDF5 file of Keras, whose arrays are the weights of a network."""
    if not _WEIGHTS.isdisjoint(list(file.attrs)[:_MOST_ATTRIBUTES]) or not _WEIGHTS.isdisjoint(file):
        raise ImageReadError("it holds the weights of a Keras network, no image")


class _Arrays:
    """The arrays of an open file, and what is the same for many of them."""

    def __init__(self, file: Any, data: bytes) -> None:
        self.file, self.found = file, {array.name: array for array in numeric_arrays(file)}
        self.shapes = {name: tuple(array.shape) for name, array in self.found.items()}
        self._data = data
        self._names: dict[bool, Names] = {}
        self._around: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def stored(self, chosen: str, images: tuple[str, ...], passed: tuple[str, ...]) -> Stored:
        """The array `chosen` with what lies beside it."""
        array = self.found[chosen]
        check_bytes(array.shape, array.dtype.itemsize)
        check_chunks(array, array.shape)
        values, letters, notes, turned = array[()], axes_of(array), (), is_matlab(array, self._data)
        if turned:
            values, letters, notes = values.T, letters[::-1], ("Its axes were reversed: MATLAB keeps columns first.",)
        unit = _text(array.attrs.get("unit", array.attrs.get("units", "")))
        series = alike(self.shapes, chosen) if len(images) > 1 else ()
        stored = Stored(values, images, chosen, notes=notes, axes=letters, flat=True, passed=passed, alike=series, unit=unit)
        return with_beside(stored, self._named(turned), self._facts(array, chosen))

    def _named(self, turned: bool) -> Names:
        """All arrays by name; `turned`: as MATLAB has their axes."""

        def read(name: str) -> np.ndarray:
            array = self.found[name]
            check_bytes(array.shape, array.dtype.itemsize)
            check_chunks(array, array.shape)
            return array[()].T if turned else np.asarray(array[()])

        if turned not in self._names:
            self._names[turned] = Names({name: shape[::-1] if turned else shape for name, shape in self.shapes.items()}, read)
        return self._names[turned]

    def _facts(self, array: Any, name: str) -> dict[str, Any]:
        """Attributes of an array, of its group and of the file, and the single numbers beside it."""
        group = name.rpartition("/")[0]
        if group not in self._around:
            self._around[group] = _facts_of_group(self.file, array.parent)
        attributes, numbers = self._around[group]
        return attributes | _attributes(array) | numbers


def _facts_of_group(file: Any, group: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes of a group and of the file; single numbers in the group."""
    near = {name: group.get(name, getlink=False) for name in list(group)[:_MOST_ATTRIBUTES] if is_scale(name)}
    numbers = {name: one[()] for name, one in near.items() if getattr(one, "shape", None) == ()}
    return _attributes(file) | _attributes(group), numbers


def _attributes(holder: Any) -> dict[str, Any]:
    return {name: holder.attrs[name] for name in list(holder.attrs)[:_MOST_ATTRIBUTES]}


def _choose(file: Any, shapes: dict[str, tuple[int, ...]], item: str | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    try:
        return choose_array(shapes, item)
    except ImageReadError as problem:
        if outside := _outside(file):
            raise ImageReadError(f"its arrays lie in other files, which are not followed: {', '.join(outside[:4])}; "
                                 "copy the pixels into one file") from None  # fmt: skip
        if tables := _tables(file):
            raise ImageReadError(
                f"its {', '.join(tables[:4])} is a table of records, which is not read; save its images as an array of their "
                "own: file['images'] = table['image']"
            ) from None
        raise ImageReadError(str(problem).replace("image array", "numeric array with two axes or more")) from None


def _tables(file: Any) -> list[str]:
    """Arrays whose entries are records, as of an event list or a catalogue with images in it."""
    import h5py

    found: list[str] = []
    visit_objects(file, lambda name, one: found.append(name) if isinstance(one, h5py.Dataset) and one.dtype.names else None)
    return found


def _refuse_for(chosen: str, outside: Sequence[str]) -> None:
    """Refuse an array where what is called an image lies in another file."""
    named = next((one for one in outside if roles.role(one.split(" (")[0]) == roles.SCIENCE), None)
    if named is not None:
        raise ImageReadError(
            f"its {named} lies in another file, which is not followed; copy the pixels into this one, or say {chosen} as the item"
        )


def numeric_arrays(file: Any) -> list[Any]:
    """HDF5's arrays of real numbers that lie in the file itself; links out of it are not followed."""
    import h5py

    found: list[Any] = []
    visit_objects(file, lambda _, entry: found.append(entry) if isinstance(entry, h5py.Dataset) and entry.ndim else None)
    return [array for array in found if array.dtype.kind in "biuf" and array.external is None and not array.is_virtual]


def _outside(file: Any) -> list[str]:
    """Arrays and links whose pixels lie in other files, with the reason."""
    import h5py

    found: list[str] = []

    def visit(name: str, entry: Any) -> None:
        if isinstance(entry, h5py.Dataset) and (entry.is_virtual or entry.external):
            found.append(f"{name} ({'a virtual dataset' if entry.is_virtual else 'external storage'})")
        if isinstance(entry, h5py.Group):
            links(entry)

    def links(group: Any) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                found.append(f"{name} (a link to {link.filename})")

    links(file)
    visit_objects(file, visit)
    return found


def is_matlab(array: Any, data: bytes) -> bool:
    """Whether MATLAB wrote an array, whose axes HDF5 then has the other way round."""
    return data.startswith(b"MATLAB") or "MATLAB_class" in array.attrs


def axes_of(array: Any) -> str:
    """Letters of the axes that attributes name: dimension labels, `axes`, the HDF5 image specification's interlace mode."""
    if array.ndim == 2:
        return ""
    labels = [str(dimension.label).strip().lower() for dimension in array.dims]
    said = _text(array.attrs.get("axes", array.attrs.get("AXES", array.attrs.get("dims", ""))))
    if not all(labels) and said:
        parts = said.replace(",", " ").split()
        labels = parts if len(parts) == array.ndim else list(said) if len(said) == array.ndim else labels
    letters = "".join(_LETTERS.get(label.strip().lower(), "?") for label in labels)
    if {"H", "W"} <= set(letters):
        return letters
    mode = _text(array.attrs.get("INTERLACE_MODE", ""))
    ordered = {"channels_last": "HWC", "channels_first": "CHW"}.get(_text(array.attrs.get("data_format", "")), "")
    letters = {"INTERLACE_PIXEL": "HWC", "INTERLACE_PLANE": "CHW", "INTERLACE_LINE": "HCW"}.get(mode, ordered)
    return ("N" * (array.ndim - 3) + letters) if letters and array.ndim in (3, 4) else ""


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = " ".join(_text(one) for one in value.ravel()[:8]) if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def visit_objects(file: Any, look: Callable[[str, Any], None]) -> None:
    """Show every object of an HDF5 file with its name; `ImageReadError` where there are too many, or too deep."""
    seen, most = 0, min(max(MAX_OBJECTS, file.id.get_filesize() // _OBJECT_BYTES), _MOST_OBJECTS)

    def visit(name: str, entry: Any) -> str | None:
        nonlocal seen
        seen += 1
        if seen > most:
            return f"it holds more than {most:,} groups and arrays; save its lenses as one array (lenses, height, width)"
        if name.count("/") >= MAX_DEPTH:
            return f"its groups are nested more than {MAX_DEPTH} deep"
        look(name, entry)
        return None

    # What is returned ends the visit; raised errors would pass through HDF5's C library.
    if (problem := file.visititems(visit)) is not None:
        raise ImageReadError(problem)


def check_chunks(array: Any, shape: Sequence[int]) -> None:
    """Refuse an HDF5 array whose chunks are too large, unpack to more than they claim, or are too many in a part of `shape`."""
    if array.chunks is None:
        return
    pieces = count(tuple(-(-side // chunk) for side, chunk in zip(shape, array.chunks, strict=True)))
    if pieces > MAX_PIECES:
        raise ImageReadError(f"its array {array.name} lies in {pieces:,} chunks; the limit is {MAX_PIECES:,}")
    stored = array.id
    filters = [stored.get_create_plist().get_filter(index)[0] for index in range(stored.get_create_plist().get_nfilters())]
    if not set(filters) <= _HDF5_FILTERS or filters.count(1) > 1 or filters.count(32000) > 1:
        raise ImageReadError(f"its array {array.name} is compressed in a way that is not read (HDF5 filters {filters})")
    claimed = count(array.chunks) * array.dtype.itemsize
    check_bytes(array.chunks, array.dtype.itemsize)
    if 1 not in filters:
        return
    for index in range(stored.get_num_chunks()):
        chunk = stored.get_chunk_info(index)
        # Deflate packs at most about 1032 to 1.
        if chunk.size * 1032 > MAX_BYTES // 8:
            _, packed = stored.read_direct_chunk(chunk.chunk_offset)
            inflated(packed, claimed + 4096)
