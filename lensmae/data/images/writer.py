"""An image as the bytes of a file that other programs open: npy, and FITS with a header that says where it comes from."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from lensmae import __version__
from lensmae.data.images.wcs import Sky, fits_unit

# Letters of a value and its comment together on a card.
_ROOM = 65
# Of a FITS card; longer values go on in CONTINUE cards, which astropy writes.
Facts = Mapping[str, tuple[str | float | int | None, str]]


def npy_bytes(pixels: np.ndarray) -> bytes:
    """An array as an npy file."""
    buffer = io.BytesIO()
    np.save(buffer, pixels, allow_pickle=False)
    return buffer.getvalue()


def fits_bytes(
    pixels: np.ndarray,
    pixel_scale: float | None = None,
    facts: Facts | None = None,
    extensions: Mapping[str, np.ndarray] | None = None,
    *,
    sky: Sky | None = None,
    unit: str = "",
) -> bytes:
    """An image (H, W) as a FITS file: float32 in the primary HDU, its header with PIXSCALE, DATE, ORIGIN and the given facts.

    Args:
        pixels: (H, W).
        pixel_scale: arcsec/pixel, where known.
        facts: header keyword (up to 8 letters) -> value and comment; values of None are left out. FITS knows ASCII only, so
            other letters are written as escapes.
        extensions: further images by the name of their HDU, in float32.
        sky: where the pixels lie on the sky; its WCS goes into the header, so that DS9 and Aladin lay the image over others.
            Without it, a linear WCS says offsets from the image's centre in arcsec, where the pixel scale is known.
        unit: of the pixels, written as BUNIT where it is a unit of the FITS standard, else in words as FLUXUNIT.
    """
    from astropy.io import fits

    standard = fits_unit(unit)
    primary = fits.PrimaryHDU(np.asarray(pixels, dtype=np.float32))
    date = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    shared: Facts = {
        "DATE": (date, "UTC date of this file"),
        "ORIGIN": (f"LensMAE {__version__}", "program that wrote this file"),
        "PIXSCALE": (None if pixel_scale is None else float(f"{pixel_scale:.9g}"), "[arcsec] side of a pixel"),
        "BUNIT": (standard or None, "unit of the pixels"),
        "FLUXUNIT": (None if standard else unit or None, "unit of the pixels, in words"),
    }
    if (known := None if sky is None else sky.scale()) is not None:
        # Whole pixels were cut out, so that it may differ by some thousandths from the scale that was wanted.
        shared["PIXSCALE"] = (known, "[arcsec] side of a pixel")
    grid = sky.wcs().to_header(relax=True) if sky is not None else _offsets(primary.data.shape, pixel_scale)
    primary.header.extend(grid, update=True)
    for keyword, (value, comment) in {**shared, **(facts or {})}.items():
        if value is not None:
            written = _ascii(value) if isinstance(value, str) else value
            # A long value leaves its comment no room, of which astropy would warn.
            primary.header[keyword] = (written, comment if len(str(written)) + len(comment) < _ROOM else "")
    others = [fits.ImageHDU(np.asarray(image, dtype=np.float32), name=name) for name, image in (extensions or {}).items()]
    for other in others:
        if other.data.shape == primary.data.shape:
            other.header.extend(grid, update=True)
    buffer = io.BytesIO()
    fits.HDUList([primary, *others]).writeto(buffer)
    return buffer.getvalue()


def _offsets(shape: tuple[int, ...], pixel_scale: float | None) -> Mapping[str, object]:
    """A WCS without the sky: offsets in arcsec from the centre of an image (H, W), x to the right and y up, as simulations and
    files without a position have them. Viewers show and lock it as "linear"."""
    from astropy.io import fits

    header = fits.Header()
    if pixel_scale is None:
        return header
    header["WCSNAME"] = ("OFFSET", "arcsec from the image's centre, not the sky")
    for axis, (name, size) in enumerate(zip(("XOFFSET", "YOFFSET"), reversed(shape), strict=True), start=1):
        header[f"CTYPE{axis}"] = (name, "linear: no position on the sky is known")
        header[f"CUNIT{axis}"] = ("arcsec", "unit of CRVAL and CDELT")
        header[f"CRPIX{axis}"] = ((size + 1) / 2, "centre of the image")
        header[f"CRVAL{axis}"] = (0.0, "offset there")
        header[f"CDELT{axis}"] = (pixel_scale, "side of a pixel")
    return header


def _ascii(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable.encode("ascii", "backslashreplace").decode("ascii")
