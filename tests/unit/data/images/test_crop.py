"""A square cut out of an image lies inside it, about the middle of the box that was drawn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lensmae.data import LensImage
from lensmae.data.images.crop import Crop, crop_image, square


def test_a_box_becomes_the_square_about_its_middle():
    # Rows 10 to 19 and columns 20 to 29: ends at the outer borders of these pixels.
    assert square((64, 64), (9.5, 19.5), (19.5, 29.5)) == Crop(10, 20, 10)
    assert square((64, 64), (9.5, 19.5), (19.5, 39.5)) == Crop(5, 20, 20)


@given(st.tuples(st.integers(4, 90), st.integers(4, 90)), *[st.floats(-200, 200)] * 4)
def test_any_box_gives_a_square_inside_the_image(shape, a, b, c, d):
    crop = square(shape, (a, b), (c, d))
    image = crop_image(LensImage(np.zeros(shape, dtype=np.float32), "a", "npy"), crop)
    assert image.pixels.shape == (crop.side, crop.side)
    assert crop.top >= 0
    assert crop.left >= 0


def test_the_pixels_are_those_of_the_square_and_a_note_says_so():
    pixels = np.arange(600, dtype=np.float32).reshape(20, 30)
    image = crop_image(LensImage(pixels, "a", "npy", 0.05, ("A note.",)), Crop(2, 3, 8))
    np.testing.assert_array_equal(image.pixels, pixels[2:10, 3:11])
    assert image.pixel_scale == 0.05
    assert image.notes == ("A note.", "8x8 pixels from column 3 and row 2 on were cut out.")


def test_a_square_that_another_image_does_not_hold_is_left_out():
    small = LensImage(np.ones((10, 10), dtype=np.float32), "a", "npy")
    assert crop_image(small, Crop(50, 50, 20)) is small
