"""Three bands as one colour picture, for looking (Lupton et al. 2004, PASP 116, 133), as astropy makes it."""

from collections.abc import Sequence

import numpy as np

# Of the brightness of the brightest in a hundred pixels of a band: where the asinh stretch begins to compress, and how much.
_STRETCH, _SOFTENING = 0.3, 8.0
_BRIGHT = 99.5


def colour(bands: Sequence[np.ndarray]) -> np.ndarray:
    """Bands from short to long wavelength as blue, green and red: (H, W, 3) uint8, row 0 first.

    Each band is taken above its median, in units of its bright pixels: colours compare within a picture, not between pictures.

    Args:
        bands: three images (H, W) of one shape.
    """
    from astropy.visualization import make_lupton_rgb

    blue, green, red = (_scaled(band) for band in bands)
    return make_lupton_rgb(red, green, blue, minimum=0, stretch=_STRETCH, Q=_SOFTENING)


def three_of(names: Sequence[str]) -> tuple[str, str, str]:
    """The first, the middle and the last of three or more bands."""
    return names[0], names[len(names) // 2], names[-1]


def _scaled(band: np.ndarray) -> np.ndarray:
    above = band.astype(np.float64) - np.median(band)
    bright = float(np.percentile(above, _BRIGHT))
    return above / bright if bright > 0 else above
