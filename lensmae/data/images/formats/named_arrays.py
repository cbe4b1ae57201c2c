"""Files of arrays with names (npz, HDF5, MATLAB, dictionaries): what of them belongs to the image, and its pixel scale."""

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lensmae.data.images import roles, wcs
from lensmae.data.images.axes import MIN_SIDE, bands_said, lenses_said
from lensmae.data.images.formats.fits_beside import flagged, noise_of
from lensmae.data.images.formats.stored import Beside, Stored, check_bytes
from lensmae.data.images.wcs import plausible_scale

# lenstronomy's matrix from pixels to arcsec.
_MATRIX = "transformpix2angle"
# Outside of FITS a "mask" may as well be what to look at.
_BAD = frozenset(("dq", "bpm", "bad", "badpix", "badpixel", "badpixels", "flag", "flags", "quality"))
# Arrays that belong to an image.
_BESIDE = frozenset((roles.NOISE, roles.VARIANCE, roles.WEIGHT, roles.FLAGS, roles.PSF))
_MOST_SCALES, _MOST_LENGTHS = 64, 256
# Numbered arrays of such names are one lens in several bands, or pictures of one after the other.
_NO_SERIES = frozenset(["band", "bands", "channel", "channels", "chan", "filter", "filters", "wavelength", "exposure", "epoch"])


@dataclass(frozen=True)
class Names:
    """The arrays of a file.

    Attributes:
        shapes: by name, of those of real numbers.
        read: an array by its name.
    """

    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]

    def near(self, name: str) -> "_Group":
        """What lies in the group of an array; of many arrays each group is looked through once."""
        return self._groups.get(name.rpartition("/")[0]) or _Group()

    @functools.cached_property
    def _groups(self) -> dict[str, "_Group"]:
        groups: dict[str, _Group] = {}
        for name, shape in self.shapes.items():
            groups.setdefault(name.rpartition("/")[0], _Group()).add(name, shape)
        return groups


@dataclass
class _Group:
    """Arrays of one group: names of those that may say a pixel scale, lengths of those of one axis, and those beside images by
    kind, shape and root."""

    scales: list[str] = field(default_factory=list)
    beside: dict[str, dict[tuple[int, ...], dict[str, list[str]]]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, shape: tuple[int, ...]) -> None:
        if len(shape) == 1 and len(self.lengths) < _MOST_LENGTHS:
            self.lengths[name] = shape[0]
        if _count(shape) <= 4 and is_scale(name) and len(self.scales) < _MOST_SCALES:
            self.scales.append(name)
        if (kind := roles.role(name)) in _BESIDE:
            shape = () if kind == roles.PSF and _is_psf(shape) else shape
            self.beside.setdefault(kind, {}).setdefault(shape, {}).setdefault(roles.root(name), []).append(name)

    def one(self, kind: str, shapes: set[tuple[int, ...]], item: str) -> str | None:
        """The one array of a kind that is named like the image `item`, or the only one of its kind; None where there is none."""
        found = [self.beside.get(kind, {}).get(shape, {}) for shape in shapes]
        alike = (name for named in found for name in named.get(roles.root(item), ()))
        every = (name for named in found for names in named.values() for name in names)
        return _only(alike, item) or _only(every, item)


def _only(names: Iterator[str], item: str) -> str | None:
    """The one name besides `item`; of many names no more are looked at than that takes."""
    others = [name for name in itertools.islice(names, 3) if name != item]
    return others[0] if len(others) == 1 else None


def alike(shapes: Mapping[str, tuple[int, ...]], chosen: str) -> tuple[str, ...]:
    """Arrays of one shape and one last name, or one name but for the number at its end, as `chosen`: lenses of one set."""
    stem, shape = roles.stem(chosen), shapes[chosen]
    if roles.role(chosen) not in (roles.SCIENCE, roles.UNKNOWN) or _NO_SERIES & set(roles.words(stem)):
        return ()
    same = tuple(name for name, other in shapes.items() if other == shape and roles.stem(name) == stem)
    return same if len(same) > 1 else ()


def with_beside(stored: Stored, names: Names, facts: Mapping[str, Any] | None = None, lenses_first: bool = True) -> Stored:
    """An image with the noise, flags and PSF that lie in its group, and with the pixel scale that a name says.

    Args:
        stored: the image, its `item` its name.
        names: of the file.
        facts: attributes and numbers by name; single values among `names` are added.
        lenses_first: whether arrays of the format have the lenses along the first axis.
    """
    near = names.near(stored.item)
    values = {name: names.read(name) for name in near.scales if name != stored.item}
    around, notes = _beside(stored, near, names)
    scale = stored.pixel_scale or scale_of({**values, **(facts or {})})
    lengths = {one: n for one, n in near.lengths.items() if one != stored.item}
    lenses = lenses_said(stored.item, stored.array.shape, lengths, lenses_first)
    axes = stored.axes or bands_said(stored.array.shape, lengths)
    return replace(stored, beside=around, pixel_scale=scale, notes=(*stored.notes, *notes), lenses=lenses, axes=axes)


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape)) if shape else 1


def _beside(stored: Stored, near: _Group, names: Names) -> tuple[Beside, list[str]]:
    shape, sources, notes = stored.array.shape, {}, []
    same = {shape, shape[-2:]}
    noise = bad = psf = None
    for kind in (roles.NOISE, roles.VARIANCE, roles.WEIGHT):
        if noise is None and (name := near.one(kind, same, stored.item)) is not None:
            found = noise_of(names.read(name), kind, name, stored.array, {})
            noise, bad = found.deviation, found.empty
            sources |= {"noise": name} if noise is not None else {"bad": name}
            notes += [found.note] if found.note else []
    name = near.one(roles.FLAGS, same, stored.item)
    if name is not None and set(roles.words(name.rsplit("/", 1)[-1])) & _BAD:
        flags = flagged(names.read(name), {}, {})
        bad, sources["bad"] = flags if bad is None else bad | flags, name
    if (name := near.one(roles.PSF, {()}, stored.item)) is not None:
        check_bytes(names.shapes[name], 8)
        found_psf = np.squeeze(names.read(name))
        psf, sources["psf"] = found_psf.astype(np.float32), name
    return Beside(noise, bad, psf, sources), notes


def _is_psf(shape: tuple[int, ...]) -> bool:
    sides = [side for side in shape if side != 1]
    return len(sides) == 2 and min(sides) >= MIN_SIDE


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.rsplit("/", 1)[-1].lower())


def is_scale(name: str) -> bool:
    """Whether a name is that of a pixel scale."""
    return wcs.is_scale(name) or _plain(name) == _MATRIX


def scale_of(facts: Mapping[str, Any]) -> float | None:
    """Arcsec/pixel by the names of numbers, up to four each; None where none says it."""
    for name, value in facts.items():
        if not is_scale(name):
            continue
        if isinstance(value, bytes | str):
            found = plausible_scale(value if isinstance(value, str) else value.decode("utf-8", "replace"))
        else:
            values = np.asarray(value)
            if values.dtype.kind not in "iuf" or not 0 < values.size <= 4:
                continue
            if _plain(name) == _MATRIX:
                found = plausible_scale(float(abs(np.linalg.det(values)) ** 0.5)) if values.shape == (2, 2) else None
            else:
                found = plausible_scale(float(values.flat[0])) if np.ptp(values) == 0 else None
        if found is not None:
            return found
    return None
