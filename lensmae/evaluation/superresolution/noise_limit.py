"""How near to an HR image any network can come: its noise is chance, but for the part that the LR image tells.

An LR image made by bicubic downsampling A is A @ HR, noise included. A network that knew the noise-free truth t could therefore
still keep the least-squares share of the noise, t + pinv(A) (LR - A t): three quarters of a noise of even strength stay unknown
at twice as many pixels, so it scores 10 log10(4/3) = 1.25 dB more than the truth alone. Strictly a limit where noise is white.
"""

from functools import cache

import numpy as np

from lensmae.data.simulation.bicubic import bicubic_matrix, downsample_bicubic

# Far below any noise of the data, far above float32's rounding.
_SAME = 1e-4


def informed_truth(truth: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The noise-free truth (N, H, W) plus what LR (N, h, w) tells of HR's noise, (N, H, W) float32."""
    factor = truth.shape[-1] // low.shape[-1]
    unexplained = low - downsample_bicubic(truth, factor)
    rows, columns = (_inverse(side, factor) for side in truth.shape[-2:])
    return (truth + rows @ unexplained @ columns.T).astype(np.float32)


def made_of_high(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the LR images (N, h, w) are the bicubic downsampling of the HR images (N, H, W), both with HR on [0, 1]."""
    factor, rest = divmod(high.shape[-1], low.shape[-1])
    if rest or high.shape[-2] != factor * low.shape[-2]:
        return False
    return float(np.sqrt(np.square(downsample_bicubic(high, factor) - low, dtype=np.float64).mean())) < _SAME


@cache
def _inverse(side: int, factor: int) -> np.ndarray:
    return np.linalg.pinv(bicubic_matrix(side, side // factor))
