"""Pixels brought into shape: bad ones filled, images resampled, cropped and padded. Arrays in, arrays out."""

import warnings
from dataclasses import dataclass

import numpy as np

from lensmae.data.images.wcs import Grid

_REACH = 2
_BLOCK = 1 << 14
# Scales that differ by less are one scale.
SAME_SCALE = 0.005


def fill_bad(pixels: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Set every bad pixel to the median of the good ones in the 5x5 around it; where none is good, to that of all good ones.

    Args:
        pixels: (H, W) float32, finite.
        bad: (H, W) bool, not all True.
    """
    known = np.where(bad, np.float32(np.nan), pixels)
    padded = np.pad(known, _REACH, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * _REACH + 1, 2 * _REACH + 1))
    filled, everywhere = pixels.copy(), np.float32(np.median(pixels[~bad].astype(np.float64)))
    rows, columns = np.nonzero(bad)
    with warnings.catch_warnings():
        # A window without a good pixel gives NaN and a warning.
        warnings.simplefilter("ignore", RuntimeWarning)
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            # Of an even number the median is half a sum, which may be more than a float32 holds.
            near = np.nanmedian(windows[rows[part], columns[part]].astype(np.float64), axis=(1, 2))
            filled[rows[part], columns[part]] = np.where(np.isnan(near), everywhere, near)
    return filled


@dataclass(frozen=True)
class Crop:
    """A square of `side` pixels whose first pixel is (`top`, `left`), row and column."""

    top: int
    left: int
    side: int


@dataclass(frozen=True)
class Fitted:
    """Pixels (S, S) float32, their scale in arcsec/pixel, their grid on the ones they were made of, and what was done."""

    pixels: np.ndarray
    scale: float | None
    grid: Grid
    notes: tuple[str, ...]


def fit_pixels(pixels: np.ndarray, size: int, scale: float | None, wanted: float | None) -> Fitted:
    """Bring pixels (H, W) to (size, size); see `fit_image`.

    Args:
        pixels: (H, W).
        size: pixels a side of the result.
        scale: arcsec/pixel; None where it is not known.
        wanted: arcsec/pixel of the result; None to change the size alone.
    """
    if scale is not None and wanted is not None:
        pixels, grid, notes = _to_scale(pixels, size, scale, wanted)
        scale = wanted if notes else scale
    else:
        height, width = pixels.shape
        pixels, grid, notes = _average_down(pixels, size)
        if scale is None and wanted is not None and notes:
            notes = (*notes, f"Its pixel scale is not known, so the lens may look larger or smaller than at {wanted:.4g} arcsec.")
        scale = None if scale is None else scale * max(1.0, min(height, width) / size)
    height, width = pixels.shape
    if (height, width) != (size, size):
        pixels, inner = _centre(pixels, min(height, size), min(width, size))
        pixels, outer = _pad(pixels, size)
        grid = grid.then(inner).then(outer)
        notes = (*notes, f"{height}x{width} pixels were brought to {size}x{size} by cropping and padding with the sky level.")
    return Fitted(np.ascontiguousarray(pixels, dtype=np.float32), scale, grid, notes)


def _to_scale(pixels: np.ndarray, size: int, scale: float, wanted: float) -> tuple[np.ndarray, Grid, tuple[str, ...]]:
    """Resample to another pixel scale; only the field that is kept, so that a coarse image takes no memory."""
    notes: tuple[str, ...] = ()
    ratio = wanted / scale
    field = [min(side, int(np.ceil(size * ratio - SAME_SCALE))) for side in pixels.shape]
    grid = Grid()
    if tuple(field) != pixels.shape:
        pixels, grid = _centre(pixels, *field)
        notes = (f"The central {field[0]}x{field[1]} pixels were taken.",)
    if abs(ratio - 1) < SAME_SCALE:
        pixels, inner = _centre(pixels, *(min(side, size) for side in field))
        return pixels, grid.then(inner), notes
    height, width = (max(1, min(size, round(side / ratio))) for side in field)
    note = f"{field[0]}x{field[1]} pixels of {scale:.4g} arcsec were resampled to {height}x{width} of {wanted:.4g} arcsec."
    pixels, inner = _resample(pixels, height, width)
    return pixels, grid.then(inner), (*notes, note)


def _average_down(pixels: np.ndarray, size: int) -> tuple[np.ndarray, Grid, tuple[str, ...]]:
    """The centred square of a large image, averaged down where it is still larger."""
    notes: tuple[str, ...] = ()
    grid, side = Grid(), min(pixels.shape)
    if pixels.shape[0] != pixels.shape[1] and side >= size:
        pixels, grid = _centre(pixels, side, side)
        notes = (f"The central {side}x{side} pixels were taken.",)
    if side > size:
        pixels, inner = _resample(pixels, size, size)
        grid, notes = grid.then(inner), (*notes, f"{side}x{side} pixels were averaged down to {size}x{size}.")
    return pixels, grid, notes


def _centre(pixels: np.ndarray, height: int, width: int) -> tuple[np.ndarray, Grid]:
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width], Grid(top, left)


def _pad(pixels: np.ndarray, size: int) -> tuple[np.ndarray, Grid]:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    top, left = (size - pixels.shape[0]) // 2, (size - pixels.shape[1]) // 2
    rest = ((top, size - pixels.shape[0] - top), (left, size - pixels.shape[1] - left))
    return np.pad(pixels, rest, constant_values=float(np.median(border))), Grid(-top, -left)


def _resample(pixels: np.ndarray, height: int, width: int) -> tuple[np.ndarray, Grid]:
    """Surface brightness on another grid over the same field."""
    resampled = _weights(pixels.shape[0], height) @ pixels @ _weights(pixels.shape[1], width).T
    return resampled, Grid(0, 0, pixels.shape[0] / height, pixels.shape[1] / width)


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
