"""What lies beside the image of a FITS file: its noise, its flags, its PSF, each turned into what it means."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.images import roles
from lensmae.data.images.formats.stored import Beside, check_bytes
from lensmae.data.statistics import FWHM_OF_SIGMA, SIGMA_OF_MAD

# JWST and Roman flag with bit 0 what must not be used; their other bits inform.
_DO_NOT_USE = 1
_MISSIONS_OF_BIT_0 = ("JWST", "ROMAN")
# Planes of Rubin's and HSC's masks that mean a bad value; detected and blended pixels are good ones.
_BAD_PLANES = ("BAD", "SAT", "CR", "NO_DATA", "EDGE", "UNMASKEDNAN", "SUSPECT")
# What astropy's CCDData writes as UTYPE.
_UNCERTAINTIES = {
    "stddevuncertainty": roles.NOISE, "std": roles.NOISE, "varianceuncertainty": roles.VARIANCE, "var": roles.VARIANCE,
    "inversevariance": roles.WEIGHT, "ivar": roles.WEIGHT,
}  # fmt: skip
_EXPOSURES = ("EXPTIME", "TEXPTIME", "EXPOSURE", "XPOSURE")
# A noise that differs by more from the scatter of neighbouring pixels is in another unit: drizzling and smooth light make
# some ten of difference.
_FAR_FROM_SCATTER = 20.0
_LARGEST_BEAM = 64


@dataclass(frozen=True)
class Noise:
    """Standard deviations (H, W) of pixels, or, where a map does not say them, which pixels it calls empty, and why."""

    deviation: np.ndarray | None
    empty: np.ndarray | None = None
    note: str = ""


def uncertainty(unit: Any) -> str:
    """What an HDU of uncertainties holds, in the words of `roles`, where its header says it; else ""."""
    return _UNCERTAINTIES.get(str(unit.header.get("UTYPE", "")).strip().lower(), roles.UNKNOWN)


def standard_deviation(values: np.ndarray, part: str) -> np.ndarray:
    """Noise of pixels from a noise, variance or inverse-variance map; infinite where that says nothing."""
    values = values.astype(np.float64)
    with np.errstate(all="ignore"):
        if part == roles.VARIANCE:
            values = np.sqrt(values)
        elif part == roles.WEIGHT:
            values = 1 / np.sqrt(values)
    return np.where(np.isfinite(values) & (values > 0), values, np.inf).astype(np.float32)


def noise_of(values: np.ndarray, part: str, source: str, image: np.ndarray, header: Any) -> Noise:
    """Noise from a map of it; weights are inverse variances where their name says so or they fit the image's own scatter.

    Args:
        values: the map.
        part: noise, variance or weight.
        source: its name, for the note.
        image: pixels that it belongs to.
        header: of the image, for its exposure time.
    """
    deviation = standard_deviation(values, part)
    if part != roles.WEIGHT or roles.says_inverse_variance(source):
        return Noise(deviation)
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size:
        return Noise(deviation)
    weight = float(np.median(positive))
    times = [header.get(key) for key in _EXPOSURES]
    if any(isinstance(time, int | float) and 0.5 < weight / max(time, 1e-9) < 1.5 for time in times):
        why = "exposure times"
    elif not _fits_scatter(weight**-0.5, image):
        why = "no inverse variances of its pixels"
    else:
        return Noise(deviation)
    note = f"The weights of {source} are {why}, so they do not say its noise; pixels of weight 0 count as bad."
    return Noise(None, ~np.isfinite(deviation), note)


def _fits_scatter(deviation: float, image: np.ndarray) -> bool:
    # A step of two: neighbours of drizzled images are correlated.
    steps = np.abs(np.diff(image.astype(np.float64), 2, axis=-1)) / np.sqrt(6)
    steps = steps[np.isfinite(steps)]
    scatter = SIGMA_OF_MAD * float(np.median(steps)) if steps.size else 0.0
    return scatter == 0 or 1 / _FAR_FROM_SCATTER < deviation / scatter < _FAR_FROM_SCATTER


def flagged(values: np.ndarray, header: Any, of_image: Any) -> np.ndarray:
    """Pixels that flags call bad: by the mission's own bits where it names them, else all that are not 0."""
    if values.dtype.kind not in "biu":
        return np.nan_to_num(values) != 0
    planes = [int(header[f"MP_{name}"]) for name in _BAD_PLANES if isinstance(header.get(f"MP_{name}"), int)]
    if planes:
        return (values.astype(np.int64) & sum(1 << plane for plane in planes if 0 <= plane < 63)) != 0
    mission = str(header.get("TELESCOP") or of_image.get("TELESCOP") or "").upper()
    return (values & _DO_NOT_USE) != 0 if mission.startswith(_MISSIONS_OF_BIT_0) else values != 0


def beam(header: Any, scale: float | None) -> tuple[np.ndarray | None, str]:
    """The PSF of a radio image, a Gaussian of the beam in its header (BMAJ, BMIN, BPA in degrees), and what it was made of."""
    sides = [header.get("BMAJ"), header.get("BMIN")]
    if scale is None or not all(isinstance(side, int | float) and side > 0 for side in sides):
        return None, ""
    major, minor = (side * 3600 / scale for side in sides)
    if not 0.5 <= minor <= major <= _LARGEST_BEAM:
        return None, ""
    angle = header.get("BPA")
    turn = np.deg2rad(angle if isinstance(angle, int | float) else 0.0)
    reach = int(np.ceil(1.5 * major))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    # From north (up) to east (left).
    along, across = rows * np.cos(turn) - columns * np.sin(turn), rows * np.sin(turn) + columns * np.cos(turn)
    psf = np.exp(-0.5 * FWHM_OF_SIGMA**2 * (np.square(along / major) + np.square(across / minor)))
    name = f"the beam of {sides[0] * 3600:.3g} by {sides[1] * 3600:.3g} arcsec in its header"
    return (psf / psf.sum()).astype(np.float32), name


def beside(found: dict[str, Any], parts: dict[str, str], chosen: str, image: np.ndarray, header: Any) -> tuple[Beside, list[str]]:
    """Noise, flags and PSF of the chosen HDU, those named like it or the only ones of their kind; and notes.

    Args:
        found: HDUs by name.
        parts: what each is (`roles`).
        chosen: the image among them.
        image: its pixels.
        header: its header.
    """
    sources: dict[str, str] = {}
    notes: list[str] = []

    def one(kind: str, fits: bool = True) -> str | None:
        named = [name for name, part in parts.items() if part == kind and name != chosen]
        if fits:
            named = [name for name in named if found[name].shape in (image.shape, image.shape[-2:])]
        alike = [name for name in named if _belong(found[name], found[chosen])]
        return alike[0] if alike else named[0] if len(named) == 1 else None

    noise = bad = psf = None
    for kind in (roles.NOISE, roles.VARIANCE, roles.WEIGHT):
        if noise is None and (name := one(kind)) is not None:
            read = noise_of(pixels_of(found[name]), kind, name, image, header)
            noise, bad = read.deviation, read.empty
            sources |= {"noise": name} if noise is not None else {"bad": name}
            notes += [read.note] if read.note else []
    if (name := one(roles.FLAGS)) is not None:
        flags = flagged(pixels_of(found[name]), found[name].header, header)
        bad, sources["bad"] = flags if bad is None else bad | flags, name
    if (name := one(roles.PSF, fits=False)) is not None and len(found[name].shape) == 2:
        psf, sources["psf"] = pixels_of(found[name]).astype(np.float32), name
    return Beside(noise, bad, psf, sources), notes


def pixels_of(unit: Any) -> np.ndarray:
    """The array of an HDU, its size checked first."""
    # Scaled integers become float64.
    scaled = "BSCALE" in unit.header or "BZERO" in unit.header
    check_bytes(unit.shape, 8 if scaled else abs(int(unit.header["BITPIX"])) // 8)
    return np.asarray(unit.data)


def _belong(one: Any, other: Any) -> bool:
    return roles.root(one.name) == roles.root(other.name) and one.ver == other.ver
