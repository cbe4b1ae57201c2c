"""What every format gives: an array as it was saved, and the facts beside it. Sizes are checked before memory is taken."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.formats.npy import MAX_BYTES, count
from lensmae.errors import ImageReadError

# The content of a file of MAX_BYTES pixels, and its headers.
MAX_FILE = MAX_BYTES + (1 << 24)
# Every strip, tile or chunk costs time and memory of its own, however small.
MAX_PIECES = 1 << 17


@dataclass(frozen=True)
class Beside:
    """Arrays that belong to an image, each (H, W) as stored, and where it came from.

    Attributes:
        noise: standard deviation of every pixel, in the image's unit.
        bad: True where a pixel is flagged.
        psf: point-spread function on the image's pixels.
        sources: name of the array or file, by field.
    """

    noise: np.ndarray | None = None
    bad: np.ndarray | None = None
    psf: np.ndarray | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """An array as a file holds it.

    Attributes:
        array: any shape and type.
        items: names of all images in the file, in its order.
        item: which of them `array` is.
        pixel_scale: arcsec/pixel, where the file says it.
        axion_mass_ev: where the file says it.
        notes: what was done to the pixels.
        axes: letters of the axes that a header says (`axes.find_axes`), "?" where it is silent; empty where it says nothing.
        flat: whether rows of the array may be flattened images.
        alike: those of `items` that are lenses of one set: groups, pages.
        passed: names of the arrays that are no image (masks, noise, labels), with their meaning.
        beside: noise, flags and PSF of the image.
        header: celestial WCS as a FITS header, where there is one.
        unit: of the pixels, where the file says it.
        lossy: whether it was compressed with a loss, as JPEG does.
        eight_bit: whether its values are levels of 8 bits.
        band_names: of its bands, where the file says them.
        lenses: how many lenses it holds, where its name and the labels beside it say so (`axes.lenses_said`).
    """

    array: np.ndarray
    items: tuple[str, ...] = ()
    item: str = ""
    pixel_scale: float | None = None
    axion_mass_ev: float | None = None
    notes: tuple[str, ...] = ()
    axes: str = ""
    flat: bool = False
    alike: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    beside: Beside = Beside()
    header: str = ""
    unit: str = ""
    lossy: bool = False
    eight_bit: bool = False
    band_names: tuple[str, ...] = ()
    lenses: int | None = None


def choose_item(items: Sequence[str], item: str | None, what: str, names: Sequence[str] | None = None) -> str:
    """The item asked for by its whole name, a name of its own or its number; where None the best image by name.

    Args:
        items: names, in the order of the file.
        item: whole name, a name of its own, or a number from 0; None for the best.
        what: the items are, for the error: "HDU".
        names: what the file calls each, where that is not the whole name of the item.

    Raises `ImageReadError` where there is none.
    """
    names = items if names is None else names
    if not items:
        raise ImageReadError(f"it holds no {what}")
    if item is None:
        chosen = roles.best(items, [roles.role(name) for name in names])
        if chosen is None:
            found = ", ".join(f"{one} ({roles.role(name)})" for one, name in zip(items[:8], names, strict=False))
            raise ImageReadError(f"it holds no image, only {found}; name one of them as the item where it is what you want")
        return chosen
    wanted = item.strip().casefold()
    for one, name in zip(items, names, strict=True):
        if wanted in (one.casefold(), name.casefold(), one.casefold().rsplit("/", 1)[-1], f"hdu {name}".casefold()):
            return one
    numbered = {one.split()[1]: one for one in items if one.startswith(("HDU ", "page "))}
    number = wanted.removeprefix("hdu ").strip()
    if number in numbered:
        return numbered[number]
    raise ImageReadError(f"it holds no image {item!r}; it holds {', '.join(items[:8])}")


def check_bytes(shape: Sequence[int], itemsize: int) -> None:
    """Refuse an array that is too large to be an image."""
    size = count(tuple(shape)) * itemsize
    if size > MAX_BYTES:
        raise ImageReadError(
            f"its image has the shape {tuple(shape)}, {size / 1e6:,.0f} MB; cut out the lens first "
            f"(the limit is {MAX_BYTES / 1e6:,.0f} MB)"
        )


def inflated(data: bytes, limit: int, wbits: int = zlib.MAX_WBITS) -> bytes:
    """Deflated data unpacked, at most `limit` bytes; `ImageReadError` where there is more."""
    unpacked = zlib.decompressobj(wbits).decompress(data, limit + 1)
    if len(unpacked) > limit:
        raise ImageReadError(f"its compressed data unpack to more than {limit / 1e6:,.1f} MB")
    return unpacked
