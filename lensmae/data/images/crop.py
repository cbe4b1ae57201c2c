"""A square cut out of an image by hand."""

import numpy as np

from lensmae.data.images.axes import MIN_SIDE
from lensmae.data.images.fitting import Crop
from lensmae.data.images.lens_image import LensImage
from lensmae.data.images.wcs import Grid


def square(shape: tuple[int, int], rows: tuple[float, float], columns: tuple[float, float]) -> Crop:
    """The square about the middle of a box, as wide as the box's longer side, moved and shrunk to lie inside an image of `shape`.

    Args:
        shape: of the image, (H, W) pixels.
        rows, columns: ends of the box in pixels; (0, 0) is the centre of the first pixel.
    """
    side = max(abs(rows[1] - rows[0]), abs(columns[1] - columns[0]))
    side = int(np.clip(round(side), MIN_SIDE, min(shape)))
    middle = (sum(rows) + 1) / 2, (sum(columns) + 1) / 2
    top, left = (int(np.clip(round(at - side / 2), 0, length - side)) for at, length in zip(middle, shape, strict=True))
    return Crop(top, left, side)


def crop_image(image: LensImage, crop: Crop) -> LensImage:
    """The square of an image, and a note that says so; the part of it that lies inside the image."""
    part = np.s_[crop.top : crop.top + crop.side, crop.left : crop.left + crop.side]
    if min(image.pixels[part].shape) < MIN_SIDE:
        # The same file read otherwise (another HDU) may be smaller than the square that was chosen for it.
        return image
    rows, columns = image.pixels[part].shape
    note = f"{columns}x{rows} pixels from column {crop.left} and row {crop.top} on were cut out."
    return image.cut(part, Grid(crop.top, crop.left), note)
