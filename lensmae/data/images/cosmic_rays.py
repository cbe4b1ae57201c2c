"""Cosmic rays in telescope images: found by L.A.Cosmic (van Dokkum 2001, PASP 113, 1420), as the library astroscrappy has it."""

from dataclasses import replace

import numpy as np

from lensmae.data.images.fitting import fill_bad
from lensmae.data.images.lens_image import LensImage
from lensmae.data.statistics import SIGMA_OF_MAD, robust_sigma

# Laplacian over noise, and over the fine structure, from which on a pixel is hit.
_SIGNIFICANCE, _CONTRAST = 5.0, 5.0
# How far a peak may differ from its surroundings, as a share of them, without being a hit: lens cores are steep.
_STEEPNESS = 0.1
_NEAR, _WIDE = 5, 9
# From so large a share of hit pixels on a user is told; the cores of galaxies alone give fewer.
_WORTH_SAYING = 0.005
# So much of a large image, its middle, is looked at for that.
_LOOKED_AT = 512


def find_cosmic_rays(pixels: np.ndarray) -> np.ndarray:
    """Pixels (H, W) float32 that a cosmic ray hit, (H, W) bool.

    The noise of a pixel is the larger of that of the whole image and of the 9x9 around it, both from median absolute deviations,
    with a tenth of the smoothed light above the sky added in quadrature. So no gain or read-out noise need be known. It is meant
    for what a camera saw; where real structure is as sharp as a pixel (point masses without a wide PSF), that is taken too.
    """
    # Here, because most images are read without it.
    from astroscrappy import detect_cosmics
    from scipy.ndimage import median_filter

    smooth = median_filter(pixels, _NEAR)
    sky, everywhere = robust_sigma(pixels)
    if everywhere == 0:
        # More than half of the pixels are equal: a drawing, or empty sky without noise.
        return np.zeros(pixels.shape, dtype=bool)
    noise = np.maximum(everywhere, SIGMA_OF_MAD * median_filter(np.abs(pixels - smooth), _WIDE))
    variance = np.square(noise) + np.square(_STEEPNESS * np.clip(smooth - sky, 0, None))
    # In units of the noise: float32 would lose very small fluxes.
    hit, _ = detect_cosmics(
        ((pixels - sky) / everywhere).astype(np.float32),
        invar=(variance / everywhere**2).astype(np.float32),
        sigclip=_SIGNIFICANCE,
        objlim=_CONTRAST,
        satlevel=np.inf,
        cleantype="median",
    )
    return np.asarray(hit, dtype=bool)


def with_warning(image: LensImage) -> LensImage:
    """An image of a camera (FITS) with a note where many of its pixels look hit, and nobody removed cosmic rays."""
    if image.format != "fits" or any("cosmic rays" in note for note in image.notes):
        return image
    top, left = (max(0, (side - _LOOKED_AT) // 2) for side in image.pixels.shape)
    hit = find_cosmic_rays(np.ascontiguousarray(image.pixels[top : top + _LOOKED_AT, left : left + _LOOKED_AT]))
    if hit.mean() < _WORTH_SAYING:
        return image
    note = (
        f"{int(hit.sum())} pixels look hit by cosmic rays (L.A.Cosmic), which networks may take for substructure: remove them "
        '(--remove-cosmic-rays, or "Remove cosmic rays" on Analyse).'
    )
    return replace(image, notes=(*image.notes, note))


def without_cosmic_rays(image: LensImage) -> LensImage:
    """The image with hit pixels set to the median of the others in the 5x5 around them, and a note that says how many."""
    hit = find_cosmic_rays(image.pixels)
    if not hit.any():
        return replace(image, notes=(*image.notes, "No cosmic rays were found."))
    note = f"{int(hit.sum())} pixels hit by cosmic rays (L.A.Cosmic) were set to the median of their neighbours."
    pixels = image.pixels if hit.all() else fill_bad(image.pixels, hit)
    return replace(image, pixels=pixels, notes=(*image.notes, note))
