"""Files of arrays with names (npz, HDF5, MATLAB, dictionaries): what of them belongs to the image, and its pixel scale."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lensmae.data.images import roles, sky
from lensmae.data.images.axes import MIN_SIDE
from lensmae.data.images.formats.fits_beside import flagged, noise_of
from lensmae.data.images.formats.stored import Beside, Stored, check_bytes
from lensmae.data.images.sky import plausible_scale

# lenstronomy's matrix from pixels to arcsec.
_MATRIX = "transformpix2angle"
# Outside of FITS a "mask" may as well be what to look at.
_BAD = frozenset(("dq", "bpm", "bad", "badpix", "badpixel", "badpixels", "flag", "flags", "quality"))


@dataclass(frozen=True)
class Names:
    """The arrays of a file.

    Attributes:
        shapes: by name, of those of real numbers.
        read: an array by its name.
    """

    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]


def with_beside(stored: Stored, names: Names, facts: Mapping[str, Any] | None = None) -> Stored:
    """An image with the noise, flags and PSF that lie in its group, and with the pixel scale that a name says.

    Args:
        stored: the image, its `item` its name.
        names: of the file.
        facts: attributes and numbers by name; single values among `names` are added.
    """
    group = stored.item.rpartition("/")[0]
    near = {name: shape for name, shape in names.shapes.items() if name != stored.item and name.rpartition("/")[0] == group}
    values = {name: names.read(name) for name, shape in near.items() if _count(shape) <= 4 and is_scale(name)}
    around, notes = _beside(stored, near, names.read)
    scale = stored.pixel_scale or scale_of({**values, **(facts or {})})
    return replace(stored, beside=around, pixel_scale=scale, notes=(*stored.notes, *notes))


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape)) if shape else 1


def _beside(stored: Stored, near: Mapping[str, tuple[int, ...]], read: Callable[[str], np.ndarray]) -> tuple[Beside, list[str]]:
    shape, sources, notes = stored.array.shape, {}, []

    def one(kind: str, fits: Callable[[tuple[int, ...]], bool]) -> str | None:
        found = [name for name in near if roles.role(name) == kind and fits(near[name])]
        alike = [name for name in found if roles.root(name) == roles.root(stored.item)]
        return alike[0] if len(alike) == 1 else found[0] if len(found) == 1 else None

    def same(other: tuple[int, ...]) -> bool:
        return other == shape or (len(other) == 2 and other == shape[-2:])

    noise = bad = psf = None
    for kind in (roles.NOISE, roles.VARIANCE, roles.WEIGHT):
        if noise is None and (name := one(kind, same)) is not None:
            found = noise_of(read(name), kind, name, stored.array, {})
            noise, bad = found.deviation, found.empty
            sources |= {"noise": name} if noise is not None else {"bad": name}
            notes += [found.note] if found.note else []
    if (name := one(roles.FLAGS, same)) is not None and set(roles.words(name.rsplit("/", 1)[-1])) & _BAD:
        flags = flagged(read(name), {}, {})
        bad, sources["bad"] = flags if bad is None else bad | flags, name
    if (name := one(roles.PSF, _is_psf)) is not None:
        check_bytes(near[name], 8)
        found_psf = np.squeeze(read(name))
        psf, sources["psf"] = found_psf.astype(np.float32), name
    return Beside(noise, bad, psf, sources), notes


def _is_psf(shape: tuple[int, ...]) -> bool:
    sides = [side for side in shape if side != 1]
    return len(sides) == 2 and min(sides) >= MIN_SIDE


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.rsplit("/", 1)[-1].lower())


def is_scale(name: str) -> bool:
    """Whether a name is that of a pixel scale."""
    return sky.is_scale(name) or _plain(name) == _MATRIX


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
