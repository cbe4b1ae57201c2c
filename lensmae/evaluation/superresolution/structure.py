"""Images by scale and by radius: azimuthal power spectrum, radial profile, local SSIM."""

import numpy as np
from skimage.metrics import structural_similarity


def power_spectrum(image: np.ndarray, pixel_scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Azimuthal mean of `|F|^2 / (H W)`, F the discrete Fourier transform of an image (H, W) about its mean.

    Args:
        image: (H, W).
        pixel_scale: arcsec/pixel (1 gives cycles a pixel).

    Returns:
        Spatial frequencies (cycles/arcsec, centres of rings one Fourier step wide, up to Nyquist) and power (flux^2), which sums
        over all Fourier modes to the sum of squares of the image about its mean.
    """
    transformed = np.fft.fft2(image - image.mean(dtype=np.float64))
    power = np.abs(transformed) ** 2 / image.size
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side, pixel_scale) for side in image.shape), indexing="ij"))
    step = 1 / (max(image.shape) * pixel_scale)
    ring = np.rint(frequency / step).astype(int)
    rings = np.arange(1, max(image.shape) // 2 + 1)
    count = np.bincount(ring.ravel())
    total = np.bincount(ring.ravel(), power.ravel())
    return rings * step, total[rings] / count[rings]


def radial_profile(image: np.ndarray, pixel_scale: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean flux a pixel in rings about the middle of an image (H, W).

    Args:
        image: (H, W).
        pixel_scale: arcsec/pixel.
        width: of a ring, arcsec.

    Returns:
        Radii (arcsec, middles of the rings that fit into the image) and mean flux.
    """
    y, x = (np.arange(side) - (side - 1) / 2 for side in image.shape)
    index = (np.hypot(y[:, None], x) * pixel_scale / width).astype(int)
    rings = int(min(image.shape) / 2 * pixel_scale / width)
    count, total = np.bincount(index.ravel()), np.bincount(index.ravel(), image.astype(np.float64).ravel())
    filled = np.flatnonzero(count[:rings])
    return (filled + 0.5) * width, total[filled] / count[filled]


def ssim_map(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Local structural similarity, (H, W) float32: scikit-image's defaults, data range 1, whose mean away from the border is
    `metrics.ssim`."""
    return structural_similarity(first, second, data_range=1.0, full=True)[1].astype(np.float32)
