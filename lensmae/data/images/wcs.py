"""Where the pixels of an image lie on the sky: its WCS, kept through crops and resampling, and its pixel scale."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lensmae.data.images import roles

if TYPE_CHECKING:
    from astropy.wcs import WCS

_PLAUSIBLE = (1e-4, 60.0)
# Header keywords in arcsec/pixel, as cameras and drizzling write them.
_KEYWORDS = ("PIXSCALE", "PIXELSCL", "PIXSCAL1", "PIXSCAL", "PIXSIZE", "PIXELSZ", "SECPIX", "SECPIX1", "D001SCAL", "PLTSCALE",
             "PIXELSCALE", "PIXSCAY", "PIXSCALX", "ESO INS PIXSCALE", "SCALE", "PIXSCL", "PSCALE", "IMSCALE", "SKYSCALE",
             "CCDSCALE", "CCDSCAL", "SECPIX2", "ARCSECPP", "PIXELSC", "PLATESCL", "PLATSCAL", "IDCSCALE")  # fmt: skip
# Names of keywords, keys and attributes that are no cameras' own, without signs and in small letters.
_SCALES = frozenset(
    ("pixelscale", "pixscale", "pxscale", "deltapix", "pixelsize", "pixsize", "pixelwidth", "pixwidth", "pixelscalearcsec",
     "pixscalearcsec", "arcsecperpixel", "arcsecperpix", "pixelscales")
)  # fmt: skip
# Areas of pixels in arcsec^2 and steradian: arcsec a unit of their square root.
_AREAS = {"PIXAR_A2": 1.0, "PIXAR_SR": 3600 * 180 / np.pi}
# Units in comments of keywords; no image of a lens has pixels as large as the last.
_LENGTHS = frozenset(("um", "micron", "microns", "micrometer", "micrometers", "mm", "nm"))
_ANGLES = (
    (frozenset(("mas", "milliarcsec", "milliarcsecond", "milliarcseconds")), 1e-3),
    (frozenset(("arcmin", "arcminute", "arcminutes")), 60.0),
    (frozenset(("deg", "degree", "degrees")), 3600.0),
)
_LARGEST_KEYWORD = 10.0
_WCS_CARD = re.compile(
    r"CTYPE[12]|CRVAL[12]|CRPIX[12]|CUNIT[12]|CDELT[12]|CROTA[12]|CD[12]_[12]|PC[12]_[12]|PV[12]_\d+|[AB]P?_\w+|LONPOLE|LATPOLE|"
    r"RADESYS|EQUINOX"
)
# Axes of FITS by CTYPE up to its first sign: the sky, and what an image is repeated along.
_CELESTIAL = frozenset(("RA", "DEC", "GLON", "GLAT", "ELON", "ELAT", "SLON", "SLAT", "HLON", "HLAT"))
_ALONG = frozenset(
    ("FREQ", "ENER", "WAVN", "VRAD", "WAVE", "VOPT", "ZOPT", "AWAV", "VELO", "FELO", "BETA", "STOKES", "COMPLEX", "FACET",
     "LAMBDA", "UTC", "TAI", "MJD", "JD", "PHASE")
)  # fmt: skip
_MOST_AXES = 8
# Sides of pixels that differ by less are equal.
_SQUARE = 0.01


@dataclass(frozen=True)
class Grid:
    """How new pixels lie on the original ones, axis by axis: original = start + step * (new + 1/2) - 1/2, both counted from 0.

    Attributes:
        top, left: original row and column of the new image's lower edge, counted in pixel borders.
        row_step, column_step: original pixels a new one.
    """

    top: float = 0.0
    left: float = 0.0
    row_step: float = 1.0
    column_step: float = 1.0

    def then(self, other: "Grid") -> "Grid":
        """This grid and, on its pixels, another."""
        return Grid(
            self.top + self.row_step * other.top,
            self.left + self.column_step * other.left,
            self.row_step * other.row_step,
            self.column_step * other.column_step,
        )


@dataclass(frozen=True)
class Sky:
    """A celestial WCS and the grid of the pixels on those that it was made for.

    Attributes:
        header: FITS header of the WCS.
    """

    header: str
    grid: Grid = Grid()

    def on(self, grid: Grid) -> "Sky":
        """The WCS of pixels on a grid of these ones."""
        return replace(self, grid=self.grid.then(grid))

    def wcs(self) -> "WCS":
        """The WCS of the pixels, of two axes: x is the column, y the row."""
        from astropy.io import fits
        from astropy.wcs import WCS

        with warnings.catch_warnings():
            # Headers of archives are full of keywords that the standard has renamed since.
            warnings.simplefilter("ignore")
            wcs = WCS(fits.Header.fromstring(self.header, sep="\n"), naxis=2)
            _regrid(wcs, self.grid)
        return wcs

    def scale(self) -> float | None:
        """Arcsec/pixel, the geometric mean of both sides; None where the WCS says none that is plausible."""
        scales = _scales(self.wcs())
        return None if scales is None else float(f"{np.sqrt(scales[0] * scales[1]):.9g}")

    def position(self, row: float, column: float) -> tuple[float, float]:
        """Right ascension and declination in degrees (ICRS) of a pixel; (0, 0) is the first."""
        where = self.wcs().pixel_to_world(column, row)
        where = getattr(where, "icrs", where)
        return float(where.ra.deg), float(where.dec.deg)

    def tangent(self, shape: tuple[int, int]) -> "Tangent":
        """The plane that touches the sky in the middle of an image of this shape: good to a thousandth of a pixel over minutes
        of arc."""
        row, column = (shape[0] - 1) / 2, (shape[1] - 1) / 2
        middle = self.wcs().pixel_to_world(column, row)
        middle = getattr(middle, "icrs", middle)
        steps = []
        for there in ((column + 1, row), (column, row + 1)):
            point = self.wcs().pixel_to_world(*there)
            east, north = middle.spherical_offsets_to(getattr(point, "icrs", point))
            steps.append((float(east.deg), float(north.deg)))
        return Tangent(float(middle.ra.deg), float(middle.dec.deg), column, row, *steps)


@dataclass(frozen=True)
class Tangent:
    """A plane on the sky with the pixels of an image on it, simple enough for a browser.

    Attributes:
        ra, dec: where it touches the sky, in degrees (ICRS).
        column, row: that place in pixels.
        along_column, along_row: degrees to the east and to the north of a step of one pixel.
    """

    ra: float
    dec: float
    column: float
    row: float
    along_column: tuple[float, float]
    along_row: tuple[float, float]


def _regrid(wcs: "WCS", grid: Grid) -> None:
    start, step = np.array([grid.left, grid.top]), np.array([grid.column_step, grid.row_step])
    wcs.wcs.crpix = (wcs.wcs.crpix - start - 0.5) / step + 0.5
    wcs.wcs.pc = wcs.wcs.get_pc() * step
    if wcs.sip is not None:
        wcs.sip = _sip(wcs.sip, wcs.wcs.crpix, step)
    wcs.wcs.set()


def _sip(sip: Any, crpix: np.ndarray, step: np.ndarray) -> Any:
    """Polynomials of the distortion in new pixels: each power of a side scales with that side."""
    from astropy.wcs import Sip

    def scaled(matrix: np.ndarray | None, side: float) -> np.ndarray | None:
        if matrix is None:
            return None
        powers = np.arange(len(matrix))
        return matrix * step[0] ** powers[:, None] * step[1] ** powers[None, :] / side

    return Sip(scaled(sip.a, step[0]), scaled(sip.b, step[1]), scaled(sip.ap, step[0]), scaled(sip.bp, step[1]), crpix)


def read_sky(
    header: Any, said: Mapping[str, Any] | None = None, units: Any = None
) -> tuple[str, float | None, str, tuple[str, ...]]:
    """What a FITS header says of the sky: its celestial WCS as text, arcsec/pixel, letters of the axes, and notes.

    The scale is `astropy.wcs.utils.proj_plane_pixel_scales`; where the header has no celestial WCS, that of its keywords.

    Args:
        header: of the image.
        said: its keywords and, where it is silent, those of the primary header; those of `header` where None.
        units: the file, for distortions that lie in tables of their own.
    """
    from astropy.wcs import WCS

    header, notes = _inherited(header, units)
    key = _key(header)
    letters = _letters(header, key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text, scales = _text_and_scales(WCS(header, fobj=units, key=key))
        except Exception as problem:  # noqa: BLE001
            # wcslib and astropy refuse headers in a dozen ways; the pixels are good all the same.
            text, scales = _of_sky_alone(_celestial(header, key))
            which = "WCS" if scales is None else "WCS along the other axes"
            notes = (*notes, f"Its {which} could not be used ({str(problem).splitlines()[0][:120]}).")
    if scales is not None and max(scales) > (1 + _SQUARE) * min(scales):
        notes = (*notes, f"Its pixels have sides of {scales[0]:.4g} and {scales[1]:.4g} arcsec; their geometric mean is used.")
    if scales is None:
        return text, _from_keywords(header if said is None else said, _comments(header, units)), letters, notes
    # 0.1, and not the 0.100000000000008 of a matrix in degrees.
    return text, float(f"{np.sqrt(scales[0] * scales[1]):.9g}"), letters, notes


def _text_and_scales(wcs: "WCS") -> tuple[str, tuple[float, float] | None]:
    """The celestial WCS as text, and arcsec/pixel of both sides."""
    return wcs.celestial.to_header(relax=True, key=" ").tostring(sep="\n") if wcs.has_celestial else "", _scales(wcs)


def _of_sky_alone(cards: Any) -> tuple[str, tuple[float, float] | None]:
    """The same of the celestial axes alone, where they make a WCS."""
    from astropy.wcs import WCS

    try:
        return _text_and_scales(WCS(cards)) if cards else ("", None)
    except Exception:  # noqa: BLE001
        # As above; that it could not be used is said there.
        return "", None


def _comments(header: Any, units: Any) -> dict[str, str]:
    """Comments of keywords, those of the image's own header first."""
    headers = [header] if units is None else [header, units[0].header]
    headers = [one for one in headers if hasattr(one, "comments")]
    wanted = [(one, key) for one in reversed(headers) for key in one if key and (key in _KEYWORDS or is_scale(key))]
    return {key: str(one.comments[key]) for one, key in wanted}


def _inherited(header: Any, units: Any) -> tuple[Any, tuple[str, ...]]:
    """The header of an image, with the WCS of a primary HDU without pixels where it has none itself; and a note of that."""
    first = None if units is None else units[0].header
    if first is None or "NAXIS1" not in header or any(_WCS_CARD.fullmatch(key) for key in header):
        return header, ()
    if first.get("NAXIS") != 0 or not str(first.get("CTYPE1", "")).startswith(("RA--", "GLON", "DEC-", "GLAT", "ELON", "ELAT")):
        return header, ()
    whole = header.copy()
    whole.extend((card for card in first.cards if _WCS_CARD.fullmatch(card.keyword)), update=True)
    return whole, ("Its WCS is that of the primary header.",)


def _key(header: Any) -> str:
    """The letter of the WCS: the primary one, or the only alternate one where there is none."""
    found = [key[-1] for key in header if re.fullmatch(r"CTYPE1[A-Z]", key)]
    return found[0] if len(found) == 1 and "CTYPE1" not in header and "CRVAL1" not in header else " "


def _letters(header: Any, key: str) -> str:
    """Letters of the axes in NumPy's order, the reverse of FITS's, by CTYPE alone: that holds where a WCS cannot be used too."""
    names = [str(header.get(f"CTYPE{axis}{key}".strip(), "")).strip().upper() for axis in range(1, _axes_of(header) + 1)]
    sky = [place for place, name in enumerate(names) if _is_celestial(name)]
    letters = ["C" if _is_along(name) else "?" for name in names]
    silent = [place for place, letter in enumerate(letters) if letter == "?" and int(header.get(f"NAXIS{place + 1}") or 0) != 1]
    if len(sky) != 2 and "C" in letters and len(silent) == 2:
        # Where all others are named, those two are the image.
        sky = silent
    if len(sky) == 2:
        letters[sky[0]], letters[sky[1]] = "W", "H"
    return "".join(reversed(letters)) if {"C", "W"} & set(letters) else ""


def _axes_of(header: Any) -> int:
    return min(int(header.get("NAXIS") or 0), _MOST_AXES)


def _is_celestial(name: str) -> bool:
    return name.split("-")[0] in _CELESTIAL or bool(re.match(r"[A-Z]{2}(LN|LT)-|[A-Z](LON|LAT)-", name))


def _is_along(name: str) -> bool:
    """Whether CTYPE names wavelengths, velocities, bands, times or Stokes parameters."""
    return name.split("-")[0] in _ALONG or name.startswith("TIME") or roles.is_along(name)


def _celestial(header: Any, key: str) -> Any:
    """The cards of the two celestial axes alone, as axes 1 and 2: what another axis says may be no use to wcslib. Empty without
    two such axes."""
    from astropy.io import fits

    found = [axis for axis in range(1, _axes_of(header) + 1) if _is_celestial(str(header.get(f"CTYPE{axis}{key}".strip(), "")))]
    made = fits.Header()
    if len(found) != 2:
        return made
    new = {str(axis): str(place) for place, axis in enumerate(found, start=1)}
    for card in header.cards:
        if match := re.fullmatch(rf"(CTYPE|CRVAL|CRPIX|CUNIT|CDELT|CROTA)(\d){key.strip()}", card.keyword):
            name, axes = match[1], (match[2],)
        elif match := re.fullmatch(rf"(PC|CD)(\d)_(\d){key.strip()}", card.keyword):
            name, axes = match[1], (match[2], match[3])
        elif card.keyword in ("RADESYS", "EQUINOX", "LONPOLE", "LATPOLE"):
            made[card.keyword] = card.value
            continue
        else:
            continue
        if all(axis in new for axis in axes):
            made[f"{name}{'_'.join(new[axis] for axis in axes)}"] = card.value
    return made


def _scales(wcs: "WCS") -> tuple[float, float] | None:
    """Arcsec/pixel of both sides; None where they are not known or implausible."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    if wcs.has_celestial:
        found = np.abs(proj_plane_pixel_scales(wcs.celestial)) * 3600
    elif wcs.naxis >= 2 and not any(str(unit) for unit in list(wcs.wcs.cunit)[:2]) and not any(list(wcs.wcs.ctype)[:2]):
        # A matrix without names of its axes: degrees, as everywhere in FITS.
        found = np.linalg.norm(wcs.pixel_scale_matrix[:2, :2], axis=0) * 3600
    elif wcs.naxis >= 2 and all(unit.is_equivalent("arcsec") for unit in list(wcs.wcs.cunit)[:2]):
        # Offsets on the sky: angles, but no celestial coordinates.
        found = np.linalg.norm(wcs.pixel_scale_matrix[:2, :2], axis=0) * [unit.to("arcsec") for unit in list(wcs.wcs.cunit)[:2]]
    else:
        return None
    known = [float(one) for one in found if _PLAUSIBLE[0] < one < _PLAUSIBLE[1]]
    if not wcs.has_celestial and len(known) == 1:
        known *= 2
    return (known[0], known[1]) if len(known) == 2 else None


def _from_keywords(header: Mapping[str, Any], comments: Mapping[str, str]) -> float | None:
    """Arcsec/pixel of keywords, in the unit that their comments say: `0.05 / [arcsec]`, `15 / [um] pixel size`."""
    keys = [key for key in (*_KEYWORDS, *(key for key in header if is_scale(key))) if key in header]
    found = [_in_arcsec(header[key], str(comments.get(key, ""))) for key in dict.fromkeys(keys)]
    for key, unit in _AREAS.items():
        area = header.get(key)
        found.append(area**0.5 * unit if isinstance(area, int | float) and area > 0 else None)
    return next((one for one in map(plausible_scale, found) if one is not None and one < _LARGEST_KEYWORD), None)


def _in_arcsec(value: Any, comment: str) -> Any:
    """A scale in arcsec as the comment of its keyword has the unit; None where that is a length, such as that of a detector's
    pixel."""
    words = {word for word in re.split(r"[^a-z]+", comment.lower()) if word}
    if "arcsec" in words:
        return value
    if words & _LENGTHS:
        return None
    factor = next((factor for names, factor in _ANGLES if words & names), 1.0)
    return value * factor if isinstance(value, int | float) and not isinstance(value, bool) else value if factor == 1 else None


def is_scale(name: str) -> bool:
    """Whether a keyword, key or attribute is named as a pixel scale in arcsec; only the last part of a path counts."""
    return re.sub(r"[^a-z0-9]", "", name.rsplit("/", 1)[-1].lower()) in _SCALES


def plausible_scale(value: Any) -> float | None:
    """Arcsec/pixel as a number, or a text of one ("0.05", "0.05 arcsec"); None for what is none."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(?:arcsec|\"|''|as)?(?:/pix(?:el)?)?\s*", value)
        try:
            value = float(match[1]) if match else None
        except ValueError:
            return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if _PLAUSIBLE[0] < value < _PLAUSIBLE[1] else None


def fits_unit(text: str) -> str:
    """A unit as the FITS standard writes it, for BUNIT; empty for what is none of its units."""
    from astropy import units

    for written in (text.strip(), text.strip().lower(), _plain_unit(text)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return units.Unit(units.Unit(written).to_string("fits"), format="fits").to_string("fits")
            except (ValueError, TypeError):
                continue
    return ""


def _plain_unit(text: str) -> str:
    """Units as cameras write them: ELECTRONS/S, COUNTS, e-/s, DN."""
    words = {"electrons": "electron", "e-": "electron", "counts": "ct", "cts": "ct", "dn": "adu", "seconds": "s", "sec": "s"}
    cut = text.strip().lower().replace(" ", "")
    parts = [words.get(part, part) for part in cut.split("/")]
    return "/".join(parts)
