"""The bicubic downsampling that made the LR images of DeepLense Task VI.B: Keys (1981) with a = -0.75, half-pixel centres,
no antialiasing, as torch's `interpolate(mode="bicubic")` has it."""

import numpy as np

_A = -0.75


def _keys(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel (IEEE Trans. ASSP 29, 1153, eq. 4) with parameter a."""
    near, far = np.abs(distance), np.abs(distance)
    inner = ((_A + 2) * near - (_A + 3)) * near**2 + 1
    outer = _A * (((far - 5) * far + 8) * far - 4)
    return np.where(near <= 1, inner, np.where(far < 2, outer, 0.0))


def bicubic_matrix(size: int, new: int) -> np.ndarray:
    """Matrix (new, size) that resamples one axis from `size` to `new` pixels; samples beyond the edge repeat the edge pixel."""
    centres = (np.arange(new) + 0.5) * size / new - 0.5
    first = np.floor(centres).astype(int) - 1
    matrix = np.zeros((new, size))
    for tap in range(4):
        column = np.clip(first + tap, 0, size - 1)
        np.add.at(matrix, (np.arange(new), column), _keys(centres - (first + tap)))
    return matrix


def downsample_bicubic(images: np.ndarray, factor: int = 2) -> np.ndarray:
    """Images (..., H, W) -> (..., H/factor, W/factor) float32; H and W must be divisible by `factor`."""
    height, width = images.shape[-2:]
    if height % factor or width % factor:
        raise ValueError(f"Image size {height}x{width} is not divisible by {factor}.")
    rows, columns = bicubic_matrix(height, height // factor), bicubic_matrix(width, width // factor)
    return (rows @ images.astype(np.float64) @ columns.T).astype(np.float32)
