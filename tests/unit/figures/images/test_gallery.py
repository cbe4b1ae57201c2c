import numpy as np

from lensmae.figures import colour_table
from lensmae.figures.images.gallery import sheet


def test_every_image_stands_in_its_place_with_its_first_row_at_the_bottom():
    images = np.zeros((2, 3, 4, 4), dtype=np.float32)
    images[1, 2, 0, 0] = 5.0
    drawn = sheet(images, side=8, percentile=100)
    assert drawn.shape == (2 * 12 + 4, 3 * 12 + 4, 3)
    dark, bright = colour_table("inferno")[[0, 255]]
    assert (drawn[4 + 12 + 6 : 4 + 12 + 8, 4 + 24 : 4 + 24 + 2] == bright).all()
    assert (drawn[4:12, 4:12] == dark).all()
