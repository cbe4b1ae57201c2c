"""Many small images on one sheet, for documents."""

import numpy as np

from lensmae.figures.images.stretch import colour_table, limits, stretched

_GAP = 4


def sheet(images: np.ndarray, *, side: int = 128, stretch: str = "asinh", percentile: float = 99.8) -> np.ndarray:
    """Images (R, C, H, W) as rows and columns of one picture (height, width, 3) uint8, the first row of pixels at the bottom.

    Each image has its own limits and is enlarged to about `side` pixels by repeating pixels, or thinned.

    Args:
        images: (R, C, H, W).
        side: pixels a side of each image in the picture.
        stretch: one of `STRETCHES`.
        percentile: of the pixels that stay below the upper limit, in (0, 100].
    """
    table = colour_table("inferno")
    rows = [np.hstack([_tile(image, table, side, stretch, percentile) for image in row]) for row in images]
    picture = np.vstack(rows)
    return np.pad(picture, ((_GAP, 0), (_GAP, 0), (0, 0)))


def _tile(image: np.ndarray, table: np.ndarray, side: int, stretch: str, percentile: float) -> np.ndarray:
    low, high = limits(image, percentile)
    shades = np.round(255 * stretched(image, stretch, low, high)).astype(np.uint8)[::-1]
    factor = max(1, side // image.shape[0])
    return np.pad(table[shades.repeat(factor, axis=0).repeat(factor, axis=1)], ((0, _GAP), (0, _GAP), (0, 0)))
