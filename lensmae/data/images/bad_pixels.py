"""Pixels that are no measurement: not finite, flagged, or holding a value that stands for nothing. They are filled, and said."""

from dataclasses import dataclass

import numpy as np

from lensmae.data.images.fitting import fill_bad
from lensmae.data.statistics import robust_sigma
from lensmae.errors import ImageReadError

_FLOAT32_MAX = float(np.finfo(np.float32).max)
# Values that pipelines write where there is no measurement.
_STAND_INS = (-1e30, -1e20, -99999.0, -32768.0, -9999.0, -999.0, -99.0, 1e20, 1e30, 9.969209968386869e36)
# Any other value stands for nothing where it repeats and lies so many times the range of all others away from them.
_FAR = 10.0
_LEAST_REPEATS = 3
# Flags and noise that call more than this share of an image bad mean something else.
_MOST_FLAGGED = 0.5
# Flags of more than this share of the pixels, in pieces of more pixels than cosmic rays and bad columns leave, may mark arcs.
_MANY_FLAGGED, _LEAST_PIECE = 0.02, 25
# A piece of more than this share is what a model leaves out or fits.
_LARGE_PIECE = 0.1
# How far an empty border lies below the darkest of all other pixels, over how far those lie below their median.
_GAP = 2.0
# Noise maps write what is masked as a very large number.
_FAR_NOISE = 1e4


@dataclass(frozen=True)
class Cleaned:
    """Finite pixels (H, W) float32, which of them were filled, and what was done."""

    pixels: np.ndarray
    filled: np.ndarray | None
    notes: tuple[str, ...]


def clean(plane: np.ndarray, flagged: np.ndarray | None, flags: str, noise: np.ndarray | None, source: str) -> Cleaned:
    """Fill what is no measurement with the median of its neighbours (`fill_bad`).

    Args:
        plane: (H, W), any real type.
        flagged, flags: (H, W) True where a pixel is bad, and what says so.
        noise, source: (H, W) standard deviations, infinite where a pixel says nothing, and where they are from.

    Raises `ImageReadError` where nothing is left.
    """
    good = _finite(plane)
    causes = [(~good, "that were not finite")] if good is not None and not good.all() else []
    notes: tuple[str, ...] = ()
    if good is not None and not good.any():
        raise ImageReadError("none of its pixels is a finite number")
    bad = np.zeros(plane.shape, dtype=bool) if good is None else ~good
    for mask, said in ((flagged, f"flagged by {flags}"), (_without_noise(noise), f"without a noise in {source}")):
        if mask is None or not (mask & ~bad).any():
            continue
        if mask is flagged and _is_region(mask & ~bad, plane, ~mask & ~bad):
            notes = (*notes, f"The pixels {said} are a region, such as the arcs or what a model fits; that mask was not used.")
            continue
        if mask.mean() > _MOST_FLAGGED:
            notes = (*notes, f"{mask.mean():.0%} of its pixels are {said}; that was not used.")
            continue
        causes.append((mask & ~bad, said))
        bad = bad | mask
    for value, mask in _stand_ins(plane, bad):
        causes.append((mask & ~bad, f"of the value {value:g}, which stands for no measurement,"))
        bad = bad | mask
    if (value := _empty_border(plane, bad)) is not None:
        mask = ~bad & (plane == value)
        causes.append((mask, f"of the value {value:g}, which fills the border where nothing was observed,"))
        bad = bad | mask
    if not causes:
        return Cleaned(np.ascontiguousarray(plane, dtype=np.float32), None, notes)
    pixels = fill_bad(np.where(bad, 0, plane).astype(np.float32), bad)
    told = tuple(f"{int(mask.sum())} pixels {said} were set to the median of their neighbours." for mask, said in causes)
    return Cleaned(pixels, bad, told + notes)


def _finite(plane: np.ndarray) -> np.ndarray | None:
    """Which pixels are numbers that float32 can hold; None where all whole numbers are."""
    if plane.dtype.kind != "f":
        return None
    # Comparisons with NaN are false; what float32 cannot hold is no better than infinite.
    return np.isfinite(plane) if plane.itemsize <= 4 else (plane < _FLOAT32_MAX) & (plane > -_FLOAT32_MAX)


def _without_noise(noise: np.ndarray | None) -> np.ndarray | None:
    if noise is None:
        return None
    known = noise[np.isfinite(noise)]
    return ~np.isfinite(noise) | (noise > _FAR_NOISE * np.median(known)) if known.size else None


def _is_region(mask: np.ndarray, plane: np.ndarray, others: np.ndarray) -> bool:
    """Whether a mask marks a part of the image, not bad pixels: its bright ones in large pieces, or much of it in one piece."""
    from scipy.ndimage import label

    if mask.mean() < _MANY_FLAGGED or not others.any():
        return False
    pieces, n = label(mask)
    level, spread = robust_sigma(plane[others].astype(np.float64))
    light = float(np.median(plane[mask]))
    if mask.sum() > _LEAST_PIECE * n and light > level + 3 * spread and light > float(np.percentile(plane[others], 90)):
        return True
    largest = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    # What was never observed has one value everywhere, or next to no noise.
    return bool(largest.mean() > _LARGE_PIECE and float(np.std(plane[largest].astype(np.float64))) > spread / 4 > 0)


def _empty_border(plane: np.ndarray, bad: np.ndarray) -> float | None:
    """The value of a border that was never observed: one number along a whole side, below a sky that it does not belong to."""
    sides = ((plane[0], bad[0]), (plane[-1], bad[-1]), (plane[:, 0], bad[:, 0]), (plane[:, -1], bad[:, -1]))
    filled = [side[~left] for side, left in sides if not left.all()]
    value = next((float(side[0]) for side in filled if len(side) > 1 and (side == side[0]).all()), None)
    if value is None:
        return None
    others = plane[~bad & (plane != value)].astype(np.float64)
    if len(others) < plane.size * (1 - _MOST_FLAGGED) or value > others.min():
        return None
    sky, spread = robust_sigma(others)
    # Noise-free images fade to an exact 0 as well; there is no gap below their sky.
    return value if spread > 0 and others.min() - value > _GAP * (sky - others.min() + spread) else None


def _stand_ins(plane: np.ndarray, bad: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Values at an end of the range that stand for nothing, and where they are."""
    found: list[tuple[float, np.ndarray]] = []
    left = ~bad
    for _ in range(4):
        values = plane[left].astype(np.float64)
        one = next((value for value in (values.min(), values.max()) if _stands_in(value, values)), None) if values.size else None
        if one is None:
            return found
        mask = left & (plane.astype(np.float64) == one)
        found.append((float(one), mask))
        left &= ~mask
    return found


def _stands_in(value: float, values: np.ndarray) -> bool:
    others = values[values != value]
    repeats = len(values) - len(others)
    if repeats < 2 or len(others) < len(values) * (1 - _MOST_FLAGGED):
        return False
    low, high = float(others.min()), float(others.max())
    gap = low - value if value < low else value - high
    usual = any(np.isclose(value, one, rtol=1e-6) for one in _STAND_INS)
    if usual and min(abs(low), abs(high)) < abs(value) and gap > abs(value) / 2:
        return True
    return repeats >= _LEAST_REPEATS and high > low and gap > _FAR * (high - low)
