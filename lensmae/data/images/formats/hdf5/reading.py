"""HDF5 files: the image by the names of groups and arrays. Links out of the file are not followed."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.formats.hdf5.arrays import Hdf5Array, axes_of, is_matlab, numeric_arrays, text_of
from lensmae.data.images.formats.hdf5.objects import MOST_ATTRIBUTES, no_weights, visit_objects
from lensmae.data.images.formats.named_arrays import Names, alike, is_scale, with_beside
from lensmae.data.images.formats.numpy_file import choose_array
from lensmae.data.images.formats.stored import Stored
from lensmae.errors import ImageReadError


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
        array.check()
        values, letters, notes, turned = array.read(), axes_of(array), array.packing.notes, is_matlab(array, self._data)
        if turned:
            values, letters = values.T, letters[::-1]
            notes = (*notes, "Its axes were reversed: MATLAB keeps columns first.")
        unit = text_of(array.attrs.get("unit", array.attrs.get("units", "")))
        series = alike(self.shapes, chosen) if len(images) > 1 else ()
        kept = {"unit": unit, "eight_bit": array.dtype.kind in "iu" and array.dtype.itemsize == 1}
        stored = Stored(values, images, chosen, notes=notes, axes=letters, flat=True, passed=passed, alike=series, **kept)
        return with_beside(stored, self._named(turned), self._facts(array, chosen), lenses_first=not turned)

    def _named(self, turned: bool) -> Names:
        """All arrays by name; `turned`: as MATLAB has their axes."""

        def read(name: str) -> np.ndarray:
            array = self.found[name]
            array.check()
            return array.read().T if turned else array.read()

        if turned not in self._names:
            self._names[turned] = Names({name: shape[::-1] if turned else shape for name, shape in self.shapes.items()}, read)
        return self._names[turned]

    def _facts(self, array: Hdf5Array, name: str) -> dict[str, Any]:
        """Attributes of an array, of its group and of the file, and the single numbers beside it."""
        group = name.rpartition("/")[0]
        if group not in self._around:
            self._around[group] = _facts_of_group(self.file, array.parent)
        attributes, numbers = self._around[group]
        return attributes | _attributes(array) | numbers


def _facts_of_group(file: Any, group: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes of a group and of the file; single numbers in the group."""
    near = {name: group.get(name, getlink=False) for name in list(group)[:MOST_ATTRIBUTES] if is_scale(name)}
    numbers = {name: one[()] for name, one in near.items() if getattr(one, "shape", None) == ()}
    return _attributes(file) | _attributes(group), numbers


def _attributes(holder: Any) -> dict[str, Any]:
    return {name: holder.attrs[name] for name in list(holder.attrs)[:MOST_ATTRIBUTES]}


def _choose(file: Any, shapes: dict[str, tuple[int, ...]], item: str | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    try:
        return choose_array(shapes, item)
    except ImageReadError as problem:
        if outside := _outside(file):
            raise ImageReadError(f"its arrays lie elsewhere, which is not followed: {', '.join(outside[:4])}; "
                                 "copy the pixels into one file") from None  # fmt: skip
        if tables := _tables(file):
            raise ImageReadError(
                f"its {', '.join(tables[:4])} is a table of records, none of which holds an image; save images as an array "
                "of their own: file['images'] = images"
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
            elif isinstance(link, h5py.SoftLink) and group.get(name) is None:
                found.append(f"{name} (a link to {link.path}, which is not there)")

    links(file)
    visit_objects(file, visit)
    return found
