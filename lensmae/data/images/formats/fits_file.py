"""FITS files: which HDU is the image, its place on the sky, and the noise, flags and PSF that lie beside it."""

import contextlib
import io
import warnings
import zlib
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.axes import MIN_SIDE
from lensmae.data.images.fits_limits import check_fits
from lensmae.data.images.formats.stored import Beside, Stored, check_bytes, choose_item, inflated
from lensmae.data.images.npy import MAX_BYTES
from lensmae.data.images.sky import read_sky
from lensmae.errors import ImageReadError

# Sides of an image that can be a lens differ by less than this.
_LONGEST_RATIO = 8
# JWST and Roman flag with bit 0 what must not be used; their other bits inform.
_DO_NOT_USE = 1
_MISSIONS_OF_BIT_0 = ("JWST", "ROMAN")
# Planes of Rubin's and HSC's masks that mean a bad value; detected and blended pixels are good ones.
_BAD_PLANES = ("BAD", "SAT", "CR", "NO_DATA", "EDGE", "UNMASKEDNAN", "SUSPECT")


def from_fits(data: bytes, item: str | None) -> Stored:
    """The image of a FITS file by the name of its HDU, then by what an image looks like, then the first."""
    from astropy.io import fits

    check_fits(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True, ignore_missing_simple=False) as units:
                return _from_units(units, item, data)
        except ImageReadError:
            raise
        except Exception as problem:  # noqa: BLE001
            # astropy raises a dozen kinds of errors on damaged headers and data; all mean that the file is damaged.
            raise ImageReadError(f"its FITS structure is damaged ({type(problem).__name__}: {problem})") from None


def _from_units(units: Any, item: str | None, data: bytes) -> Stored:
    found = {
        f"HDU {i} ({unit.name or 'unnamed'})": unit for i, unit in enumerate(units) if unit.is_image and len(unit.shape) >= 2
    }
    if any(_is_compressed(unit) for unit in found.values()):
        _check_gzip_tiles(data)
    parts = {name: _role(unit, alone=len(found) == 1) for name, unit in found.items()}
    chosen = _choose(found, parts, item)
    unit = found[chosen]
    array, header = _pixels(unit), unit.header
    text, scale, letters, notes = read_sky(header)
    if len(letters) != array.ndim:
        letters = ""
    if len(found) == 1 and not chosen.startswith("HDU 0"):
        notes = (f"The image of {chosen} was taken.", *notes)
    return Stored(
        array,
        tuple(found),
        chosen,
        scale,
        notes=notes,
        axes=letters,
        passed=tuple(f"{name}: {part}" for name, part in parts.items() if part not in (roles.SCIENCE, roles.UNKNOWN)),
        beside=_beside(found, parts, chosen, array.shape),
        header=text,
        unit=str(header.get("BUNIT") or "").strip(),
    )


def _choose(found: dict[str, Any], parts: dict[str, str], item: str | None) -> str:
    if item is not None or not found:
        return choose_item(tuple(found), item, "image, only headers or tables", [unit.name for unit in found.values()])
    chosen = roles.best(tuple(found), tuple(parts.values()))
    if chosen is None:
        named = ", ".join(f"{name} ({part})" for name, part in parts.items())
        raise ImageReadError(f"it holds no image, only {named}; name one of them as the item where it is what you want")
    return chosen


def _pixels(unit: Any) -> np.ndarray:
    # Scaled integers become float64.
    scaled = "BSCALE" in unit.header or "BZERO" in unit.header
    check_bytes(unit.shape, 8 if scaled else abs(int(unit.header["BITPIX"])) // 8)
    return np.asarray(unit.data)


def _is_compressed(unit: Any) -> bool:
    return "ZCMPTYPE" in unit.header or type(unit).__name__ == "CompImageHDU"


def _check_gzip_tiles(data: bytes) -> None:
    """astropy unpacks gzip tiles of compressed images without a limit; whatever begins like one is tried with a limit here."""
    place, left = data.find(b"\x1f\x8b\x08"), MAX_BYTES
    while place >= 0:
        # These three bytes may begin other data too.
        with contextlib.suppress(zlib.error):
            left -= len(inflated(data[place:], left, 31))
        place = data.find(b"\x1f\x8b\x08", place + 1)


def _role(unit: Any, alone: bool) -> str:
    """What an HDU is, by its name, its HDUCLAS2, and where they are silent by whether it can be a lens at all."""
    said = roles.role(unit.name) or {
        "DATA": roles.SCIENCE, "ERROR": roles.NOISE, "QUALITY": roles.FLAGS
    }.get(str(unit.header.get("HDUCLAS2", "")).upper(), roles.UNKNOWN)  # fmt: skip
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
    values = _pixels(unit)
    return values.dtype.kind in "biu" and 0 <= values.min() <= values.max() <= 1


def _beside(found: dict[str, Any], parts: dict[str, str], chosen: str, shape: tuple[int, ...]) -> Beside:
    """Noise, flags and PSF of the chosen HDU: those named like it, or the only ones of their kind."""
    sources: dict[str, str] = {}

    def one(kinds: tuple[str, ...], fits: bool) -> str | None:
        named = [name for name, part in parts.items() if part in kinds and name != chosen]
        if fits:
            named = [name for name in named if found[name].shape in (shape, shape[-2:])]
        alike = [name for name in named if _belong(found[name], found[chosen])]
        return alike[0] if alike else named[0] if len(named) == 1 else None

    noise = bad = psf = None
    if (name := one((roles.NOISE, roles.VARIANCE, roles.WEIGHT), fits=True)) is not None:
        noise, sources["noise"] = standard_deviation(_pixels(found[name]), parts[name]), name
    if (name := one((roles.FLAGS,), fits=True)) is not None:
        bad, sources["bad"] = flagged(_pixels(found[name]), found[name].header, found[chosen].header), name
    if (name := one((roles.PSF,), fits=False)) is not None and len(found[name].shape) == 2:
        psf, sources["psf"] = _pixels(found[name]).astype(np.float32), name
    return Beside(noise, bad, psf, sources)


def _belong(one: Any, other: Any) -> bool:
    return roles.root(one.name) == roles.root(other.name) and one.ver == other.ver


def standard_deviation(values: np.ndarray, part: str) -> np.ndarray:
    """Noise of pixels from a noise, variance or inverse-variance map; infinite where that says nothing."""
    values = values.astype(np.float64)
    with np.errstate(all="ignore"):
        if part == roles.VARIANCE:
            values = np.sqrt(values)
        elif part == roles.WEIGHT:
            values = 1 / np.sqrt(values)
    return np.where(np.isfinite(values) & (values > 0), values, np.inf).astype(np.float32)


def flagged(values: np.ndarray, header: Any, of_image: Any) -> np.ndarray:
    """Pixels that flags call bad: by the mission's own bits where it names them, else all that are not 0."""
    if values.dtype.kind not in "biu":
        return np.nan_to_num(values) != 0
    planes = [int(header[f"MP_{name}"]) for name in _BAD_PLANES if isinstance(header.get(f"MP_{name}"), int)]
    if planes:
        return (values.astype(np.int64) & sum(1 << plane for plane in planes if 0 <= plane < 63)) != 0
    mission = str(header.get("TELESCOP") or of_image.get("TELESCOP") or "").upper()
    return (values & _DO_NOT_USE) != 0 if mission.startswith(_MISSIONS_OF_BIT_0) else values != 0
