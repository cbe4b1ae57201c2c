"""An image as the bytes of a file that other programs open: npy, and FITS with a header that says where it comes from."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from lensmae import __version__
from lensmae.data.images.sky import Sky, fits_unit

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
        pixel_scale: arcsec a pixel, where known.
        facts: header keyword (up to 8 letters) -> value and comment; values of None are left out. FITS knows ASCII only, so
            other letters are written as escapes.
        extensions: further images by the name of their HDU, in float32.
        sky: where the pixels lie on the sky; its WCS goes into the header, so that DS9 and Aladin lay the image over others.
        unit: of the pixels, written as BUNIT where it is a unit of the FITS standard.
    """
    from astropy.io import fits

    primary = fits.PrimaryHDU(np.asarray(pixels, dtype=np.float32))
    date = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    shared: Facts = {
        "DATE": (date, "UTC date of this file"),
        "ORIGIN": (f"LensMAE {__version__}", "program that wrote this file"),
        "PIXSCALE": (pixel_scale, "[arcsec] side of a pixel"),
        "BUNIT": (fits_unit(unit) or None, "unit of the pixels"),
    }
    if sky is not None:
        primary.header.extend(sky.wcs().to_header(relax=True), update=True)
    for keyword, (value, comment) in {**shared, **(facts or {})}.items():
        if value is not None:
            primary.header[keyword] = (_ascii(value) if isinstance(value, str) else value, comment)
    others = [fits.ImageHDU(np.asarray(image, dtype=np.float32), name=name) for name, image in (extensions or {}).items()]
    buffer = io.BytesIO()
    fits.HDUList([primary, *others]).writeto(buffer)
    return buffer.getvalue()


def _ascii(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable.encode("ascii", "backslashreplace").decode("ascii")
