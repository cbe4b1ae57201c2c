"""FITS files: which HDU is the image, its position on the sky, and the noise, flags and PSF that lie beside it."""

import contextlib
import io
import warnings
import zlib
from collections import ChainMap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.axes import MIN_SIDE
from lensmae.data.images.bands import MOST_UNNAMED_BANDS
from lensmae.data.images.formats.fits_beside import beam, beside, pixels_of, uncertainty
from lensmae.data.images.formats.fits_limits import check_fits
from lensmae.data.images.formats.fits_tables import ImageColumn, image_columns
from lensmae.data.images.formats.fluxes import as_flux
from lensmae.data.images.formats.npy import MAX_BYTES
from lensmae.data.images.formats.stored import Beside, Stored, choose_item, inflated
from lensmae.data.images.wcs import read_sky
from lensmae.errors import ImageReadError

# Sides of an image that can be a lens differ by less than this.
_LONGEST_RATIO = 8


def from_fits(data: bytes, item: str | None) -> Stored:
    """The image of a FITS file by the name of its HDU, then by what an image looks like, then the first."""
    with _opened(data) as units:
        found, parts = images_of(units, data)
        chosen = _choose(found, parts, item)
        stored = _stored(units, found, parts, chosen)
        passed = tuple(f"{name}: {part}" for name, part in parts.items() if part not in (roles.SCIENCE, roles.UNKNOWN))
        notes = stored.notes
        if len(found) == 1 and not chosen.startswith("HDU 0"):
            notes = (f"The image of {chosen} was taken.", *notes)
        return replace(stored, items=tuple(found), notes=notes, alike=_alike(found, parts, chosen), passed=passed)


def each_fits(data: bytes, names: Sequence[str]) -> Iterator[Stored]:
    """The HDUs `names` of a FITS file, one after the other; the file is walked through once, whatever their number."""
    with _opened(data) as units:
        found, parts = images_of(units, data)
        for name in names:
            yield _stored(units, found, parts, name)


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    from astropy.io import fits

    check_fits(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True, ignore_missing_simple=False) as units:
                yield units
        except (ImageReadError, MemoryError):
            raise
        except Exception as problem:  # noqa: BLE001
            # astropy raises a dozen kinds of errors on damaged headers and data; all mean that the file is damaged.
            raise ImageReadError(f"its FITS structure is damaged ({type(problem).__name__}: {problem})") from None


def images_of(units: Any, data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """The images of a file by name, and what each is."""
    found: dict[str, Any] = {
        f"HDU {i} ({unit.name or 'unnamed'})": unit for i, unit in enumerate(units) if unit.is_image and len(unit.shape) >= 2
    }
    if any(is_compressed(unit) for unit in found.values()):
        check_gzip_tiles(data)
    found = found or image_columns(units)
    return found, {name: _role(unit, alone=len(found) == 1) for name, unit in found.items()}


def _stored(units: Any, found: dict[str, Any], parts: dict[str, str], chosen: str) -> Stored:
    unit = found[chosen]
    array, said = pixels_of(unit), ChainMap(_cards(unit.header), _cards(units[0].header))
    text, scale, letters, sky_notes = read_sky(unit.header, said, units)
    array, stokes_note = _total_intensity(array, unit.header)
    if isinstance(unit, ImageColumn):
        letters = unit.axes
    array, bunit, flux_note = as_flux(array, said, str(said.get("BUNIT") or "").strip())
    bands = _band_names(said, array.shape)
    around, notes = beside(found, parts, chosen, array, said)
    notes = [*(one for one in (flux_note, stokes_note) if one), *sky_notes, *notes]
    return Stored(
        array,
        (chosen,),
        chosen,
        scale,
        notes=tuple(notes),
        axes=letters if len(letters) == array.ndim else "CHW" if bands else "",
        beside=_with_beam(around, said, scale),
        header=text,
        unit=bunit,
        band_names=bands,
    )


def _total_intensity(array: np.ndarray, header: Any) -> tuple[np.ndarray, str]:
    """Of the Stokes parameters along an axis the intensity I alone, as one entry of that axis, and a note; Q, U and V are no
    light that could be averaged with it."""
    axes = [axis for axis in range(1, array.ndim + 1) if str(header.get(f"CTYPE{axis}", "")).strip().upper() == "STOKES"]
    place = array.ndim - axes[0] if axes else 0
    if not axes or array.shape[place] < 2:
        return array, ""
    value, pixel, step = (header.get(f"{key}{axes[0]}", 1.0) for key in ("CRVAL", "CRPIX", "CDELT"))
    first = round(pixel + (1.0 - value) / (step or 1.0)) - 1
    if not 0 <= first < array.shape[place]:
        return array, ""
    part = [slice(None)] * array.ndim
    part[place] = slice(first, first + 1)
    return array[tuple(part)], f"Of its {array.shape[place]} Stokes parameters I was taken."


def _band_names(said: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Bands of a cube as the Legacy Surveys write them: BANDS = 'grz', or BAND0, BAND1, ..."""
    n = shape[0] if len(shape) == 3 else 1
    together = str(said.get("BANDS") or "").replace(",", "").replace(" ", "")
    apart = tuple(str(said.get(f"BAND{place}") or "").strip() for place in range(min(n, 16)))
    names = tuple(together) if len(together) == n else apart if all(apart) and len(apart) == n else ()
    return names if n > 1 and len(set(names)) == n else ()


def _cards(header: Any) -> dict[str, Any]:
    """Keywords with a value, which an extension's header may leave to the primary one."""
    return {key: header[key] for key in header if key and header[key] not in (None, "")}


def _with_beam(around: Beside, said: Any, scale: float | None) -> Beside:
    if around.psf is not None:
        return around
    psf, name = beam(said, scale)
    if psf is None:
        return around
    return Beside(around.noise, around.bad, psf, {**around.sources, "psf": name})


def _alike(found: dict[str, Any], parts: dict[str, str], chosen: str) -> tuple[str, ...]:
    """HDUs of one shape that are named alike but for their numbers, or many without a name: lenses of one set."""
    like = found[chosen]
    if not like.name.rstrip("0123456789") or like.name == "PRIMARY":
        same = tuple(name for name, unit in found.items() if unit.shape == like.shape and parts[name] == roles.UNKNOWN)
        return same if len(same) > MOST_UNNAMED_BANDS else ()
    series = roles.stem(like.name)
    same = tuple(
        name
        for name, unit in found.items()
        if unit.shape == like.shape and roles.stem(unit.name) == series and parts[name] == parts[chosen]
    )
    same = same if len({found[name].name for name in same}) == len(same) else ()
    return same if len(same) > 1 and series != like.name else ()


def _choose(found: dict[str, Any], parts: dict[str, str], item: str | None) -> str:
    if item is not None or not found:
        return choose_item(tuple(found), item, "image, only headers or tables", [unit.name for unit in found.values()])
    chosen = roles.best(tuple(found), tuple(parts.values()))
    if chosen is None:
        named = ", ".join(f"{name} ({part})" for name, part in parts.items())
        raise ImageReadError(f"it holds no image, only {named}; name one of them as the item where it is what you want")
    return chosen


def is_compressed(unit: Any) -> bool:
    """Whether an HDU is a compressed image."""
    return "ZCMPTYPE" in unit.header or type(unit).__name__ == "CompImageHDU"


def check_gzip_tiles(data: bytes) -> None:
    """astropy unpacks gzip tiles of compressed images without a limit; whatever begins like one is tried with a limit here."""
    index, left = data.find(b"\x1f\x8b\x08"), MAX_BYTES
    while index >= 0:
        # These three bytes may begin other data too.
        with contextlib.suppress(zlib.error):
            left -= len(inflated(data[index:], left, 31))
        index = data.find(b"\x1f\x8b\x08", index + 1)


def _role(unit: Any, alone: bool) -> str:
    """What an HDU is, by its header, its name, its EXTTYPE (Rubin) or HDUCLAS2 (ESO), else by whether it can be a lens at all."""
    header = unit.header
    of_class = {"DATA": roles.SCIENCE, "ERROR": roles.NOISE, "QUALITY": roles.FLAGS}
    said = uncertainty(unit) or of_class.get(str(header.get("HDUCLAS2", "")).upper(), roles.UNKNOWN)
    said = said or roles.role(unit.name) or roles.role(str(header.get("EXTTYPE", "")))
    if alone and said == roles.UNKNOWN:
        return said
    sides = sorted((side for side in unit.shape if side != 1), reverse=True)
    if len(sides) < 2 or sides[1] < MIN_SIDE or (len(sides) == 2 and sides[0] > _LONGEST_RATIO * sides[1]):
        return roles.OTHER if said in (roles.SCIENCE, roles.UNKNOWN) else said
    if said == roles.UNKNOWN and _is_mask(unit):
        return roles.FLAGS
    return said


def _is_mask(unit: Any) -> bool:
    """Whether whole numbers of 0 and 1 alone are stored."""
    if int(unit.header["BITPIX"]) < 0 or "BSCALE" in unit.header:
        return False
    values = pixels_of(unit)
    return values.dtype.kind in "biu" and 0 <= np.min(values) <= np.max(values) <= 1
