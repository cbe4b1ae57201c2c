"""An image that a network drew, as the files that are offered for it: npy and FITS to compute with, PNG to look at."""

import numpy as np

from lensmae.data.images.wcs import Sky
from lensmae.data.images.writer import Facts, fits_bytes, npy_bytes
from lensmae.figures.images.panels import Panel
from lensmae.figures.images.picture import png

# A picture of 64 pixels is hard to see; enlarged sides come to about this.
_PICTURE_SIDE = 512


def image_files(
    stem: str,
    pixels: np.ndarray,
    pixel_scale: float | None,
    facts: Facts,
    stretch: str = "asinh",
    upright: bool = False,
    sky: Sky | None = None,
    unit: str = "",
) -> dict[str, bytes]:
    """Files STEM.npy, STEM.fits and STEM.png of an image (H, W) in flux.

    Args:
        stem: of the names.
        pixels: (H, W) flux.
        pixel_scale, facts, sky, unit: for the FITS header.
        stretch: of the picture.
        upright: the first row is the upper one, as in pictures.
    """
    enlarge = max(1, _PICTURE_SIDE // max(pixels.shape))
    return {
        f"{stem}.npy": npy_bytes(np.asarray(pixels, dtype=np.float32)),
        f"{stem}.fits": fits_bytes(pixels, pixel_scale, facts, sky=sky, unit=unit),
        f"{stem}.png": png(Panel(stem, pixels), stretch, upright=upright, enlarge=enlarge),
    }
