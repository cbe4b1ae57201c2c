"""What Gaussians and robust statistics need in several places."""

import math

import numpy as np

# Full width at half maximum of a Gaussian, in standard deviations.
FWHM_OF_SIGMA = 2 * math.sqrt(2 * math.log(2))
# Standard deviation of normal noise, in median absolute deviations.
SIGMA_OF_MAD = 1.4826


def robust_sigma(values: np.ndarray) -> tuple[float, float]:
    """Median, and the standard deviation of normal noise that has the median absolute deviation of `values` from it.

    A few values of another kind (stars, cosmic rays, the lens itself) hardly change either.
    """
    level = float(np.median(values))
    return level, SIGMA_OF_MAD * float(np.median(np.abs(values - level)))
