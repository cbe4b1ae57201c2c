"""Pixels brought into shape: bad ones filled, images resampled, cropped and padded. Arrays in, arrays out."""

import warnings

import numpy as np

_REACH = 2
_BLOCK = 1 << 14
# Scales that differ by less are one scale.
_SAME_SCALE = 0.005


def fill_bad(pixels: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Set every bad pixel to the median of the good ones in the 5x5 around it; where none is good, to that of all good ones.

    Args:
        pixels: (H, W) float32, finite.
        bad: (H, W) bool, not all True.
    """
    known = np.where(bad, np.float32(np.nan), pixels)
    padded = np.pad(known, _REACH, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * _REACH + 1, 2 * _REACH + 1))
    filled, everywhere = pixels.copy(), np.float32(np.median(pixels[~bad]))
    rows, columns = np.nonzero(bad)
    with warnings.catch_warnings():
        # A window without a good pixel gives NaN and a warning.
        warnings.simplefilter("ignore", RuntimeWarning)
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            near = np.nanmedian(windows[rows[part], columns[part]], axis=(1, 2))
            filled[rows[part], columns[part]] = np.where(np.isnan(near), everywhere, near)
    return filled


def fit_pixels(
    pixels: np.ndarray, size: int, scale: float | None, wanted: float | None
) -> tuple[np.ndarray, float | None, tuple[str, ...]]:
    """Pixels (H, W) -> (size, size) float32, their new scale in arcsec a pixel, and what was done; see `fit_image`."""
    if scale is not None and wanted is not None:
        pixels, notes = _to_scale(pixels, size, scale, wanted)
        scale = wanted if notes else scale
    else:
        height, width = pixels.shape
        pixels, notes = _average_down(pixels, size)
        if scale is None and wanted is not None and notes:
            notes = (*notes, f"Its pixel scale is not known, so the lens may look larger or smaller than at {wanted:.4g} arcsec.")
        scale = None if scale is None else scale * max(1.0, min(height, width) / size)
    height, width = pixels.shape
    if (height, width) != (size, size):
        pixels = _pad(_centre(pixels, min(height, size), min(width, size)), size)
        notes = (*notes, f"{height}x{width} pixels were brought to {size}x{size} by cropping and padding with the sky level.")
    return np.ascontiguousarray(pixels, dtype=np.float32), scale, notes


def _to_scale(pixels: np.ndarray, size: int, scale: float, wanted: float) -> tuple[np.ndarray, tuple[str, ...]]:
    """Resample to another pixel scale; only the field that is kept, so that a coarse image takes no memory."""
    notes: tuple[str, ...] = ()
    ratio = wanted / scale
    field = [min(side, int(np.ceil(size * ratio - _SAME_SCALE))) for side in pixels.shape]
    if tuple(field) != pixels.shape:
        pixels = _centre(pixels, *field)
        notes = (f"The central {field[0]}x{field[1]} pixels were taken.",)
    if abs(ratio - 1) < _SAME_SCALE:
        return _centre(pixels, *(min(side, size) for side in field)), notes
    height, width = (max(1, min(size, round(side / ratio))) for side in field)
    note = f"{field[0]}x{field[1]} pixels of {scale:.4g} arcsec were resampled to {height}x{width} of {wanted:.4g} arcsec."
    return _resample(pixels, height, width), (*notes, note)


def _average_down(pixels: np.ndarray, size: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """The centred square of a large image, averaged down where it is still larger."""
    notes: tuple[str, ...] = ()
    side = min(pixels.shape)
    if pixels.shape[0] != pixels.shape[1] and side >= size:
        pixels = _centre(pixels, side, side)
        notes = (f"The central {side}x{side} pixels were taken.",)
    if side > size:
        pixels = _resample(pixels, size, size)
        notes = (*notes, f"{side}x{side} pixels were averaged down to {size}x{size}.")
    return pixels, notes


def _centre(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def _pad(pixels: np.ndarray, size: int) -> np.ndarray:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    top, left = (size - pixels.shape[0]) // 2, (size - pixels.shape[1]) // 2
    rest = ((top, size - pixels.shape[0] - top), (left, size - pixels.shape[1] - left))
    return np.pad(pixels, rest, constant_values=float(np.median(border)))


def _resample(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Surface brightness on another grid over the same field."""
    return _weights(pixels.shape[0], height) @ pixels @ _weights(pixels.shape[1], width).T


def _weights(old: int, new: int) -> np.ndarray:
    """Matrix (new, old) of one axis: the mean of the old pixels under a new one, in the parts it covers; between the centres of
    the old ones, where the new grid is finer, their linear interpolation."""
    if new > old:
        centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        return np.clip(1 - np.abs(centres[:, None] - np.arange(old)), 0, None)
    edges = np.arange(new + 1) * old / new
    cells = np.arange(old)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.clip(overlap, 0, None) * new / old
