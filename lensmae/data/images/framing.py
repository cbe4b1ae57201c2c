"""Where in an image the lens is, and the square about it that a network should see."""

from dataclasses import dataclass

import numpy as np

from lensmae.data.images.fitting import Crop
from lensmae.data.statistics import robust_sigma

# Light this many times the noise above the sky belongs to something.
_THRESHOLD = 3.0
# The brightest of it must rise so many times the noise: in a million pixels of noise alone none does.
_DETECTION = 6.0
# Share of the image's side within which pieces of light are one thing: arcs, counter-images, the galaxy between them.
_BRIDGE = 0.03
# A network's field is about so many times the half-light radius of the lenses that it was trained on: theirs is about the
# Einstein radius, 0.81 arcsec of 6.46 in Model II, 1.28 of 7.5 in Model I, 1.28 of 5.12 in Model III.
_FIELD_OVER_RADIUS = 6.5
# A square that is nearly the whole image is the whole image.
_NEARLY_ALL = 0.9
# A smaller square holds too little to be enlarged.
_LEAST_SIDE = 24
# Half of the light must lie within this share of a network's field; else the square is made larger.
_FITS = 0.4
# The middle of the image is preferred where the found one lies this near, as a share of the side: cut-outs are made about lenses.
_NEAR_MIDDLE = 0.04


@dataclass(frozen=True)
class LensLight:
    """The central thing of an image.

    Attributes:
        row, column: its middle, in pixels; (0, 0) is the centre of the first.
        radius: of the circle about it with half of its light above the sky, in pixels.
    """

    row: float
    column: float
    radius: float


def find_lens(pixels: np.ndarray) -> LensLight | None:
    """The central object of an image (H, W) with its arcs or ring; None where nothing rises above the sky.

    Light above three times the noise of the smoothed image, in pieces that lie near each other, is one thing; of all things that
    with the most light near the middle of the image is the lens.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter
    from skimage.measure import label, regionprops

    side = min(pixels.shape)
    smooth = gaussian_filter(pixels.astype(np.float64), max(1.0, side / 128), mode="nearest")
    sky, noise = _sky(smooth)
    light = np.clip(smooth - sky, 0, None)
    mask = light > max(_THRESHOLD * noise, 0.01 * light.max())
    if not light.max() > _DETECTION * noise or not mask.any():
        return None
    things = label(distance_transform_edt(~mask) <= max(1.0, _BRIDGE * side)) * mask
    middle = (np.array(pixels.shape) - 1) / 2
    best = max(regionprops(things, intensity_image=light), key=lambda thing: _claim(thing, middle, side))
    inside = np.where(things == best.label, light, 0)
    row, column = _middle(inside, middle, side)
    return LensLight(row, column, _radius(inside, row, column))


def _sky(smooth: np.ndarray) -> tuple[float, float]:
    """Level and noise of the sky, from the pixels that remain when the bright ones are clipped."""
    values = smooth.ravel()
    for _ in range(8):
        level, spread = robust_sigma(values)
        kept = values[values < level + _THRESHOLD * spread] if spread > 0 else values
        if len(kept) in (0, len(values)):
            break
        values = kept
    return level, spread


def _claim(thing: object, middle: np.ndarray, side: int) -> float:
    """Light of a thing, less the farther the centre of the box about it lies from the middle: a ring is about its centre."""
    top, left, bottom, right = thing.bbox
    away = np.hypot((top + bottom - 1) / 2 - middle[0], (left + right - 1) / 2 - middle[1]) / side
    return float(thing.intensity_mean * thing.area * np.exp(-0.5 * (away / 0.12) ** 2))


def _middle(inside: np.ndarray, middle: np.ndarray, side: int) -> tuple[float, float]:
    """The centroid of the light, or the middle of the image where that is near."""
    rows, columns = np.indices(inside.shape)
    found = np.array([(inside * rows).sum(), (inside * columns).sum()]) / inside.sum()
    row, column = middle if np.hypot(*(found - middle)) < _NEAR_MIDDLE * side else found
    return float(row), float(column)


def _radius(inside: np.ndarray, row: float, column: float) -> float:
    rows, columns = np.nonzero(inside)
    away = np.hypot(rows - row, columns - column)
    order = np.argsort(away)
    enclosed = np.cumsum(inside[rows, columns][order])
    return float(max(1.0, away[order][np.searchsorted(enclosed, 0.5 * enclosed[-1])]))


def frame(shape: tuple[int, int], lens: LensLight, field: float | None, size: int = _LEAST_SIDE) -> Crop | None:
    """The square about the lens that a network should see; None where that is the whole image.

    Args:
        shape: of the image, (H, W) pixels.
        lens: where its light lies.
        field: side of the network's field in pixels of this image, where both pixel scales are known; else the square is chosen
            by the radius of the light.
        size: pixels a side of the network's input, below which a square chosen by the light would only be padded again.
    """
    wanted = _FIELD_OVER_RADIUS * lens.radius if field is None else field
    if field is not None and lens.radius > _FITS * field:
        wanted = lens.radius / _FITS
    side = max(_LEAST_SIDE if field is not None else size, round(wanted))
    if side >= _NEARLY_ALL * min(shape) if field is None else side >= min(shape):
        return None
    top, left = (
        int(np.clip(round(at - (side - 1) / 2), 0, length - side))
        for at, length in zip((lens.row, lens.column), shape, strict=True)
    )
    return Crop(top, left, side)
