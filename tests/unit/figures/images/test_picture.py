"""A picture shows the pixels where they are, in the colours of the canvas."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lensmae.figures import Panel, colour_table
from lensmae.figures.images.picture import data_url, picture_sheet, png


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.fixture
def ramp():
    return np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)


def test_the_first_row_lies_at_the_bottom_unless_the_image_is_a_picture(ramp):
    upright, fits = opened(png(Panel("", ramp), upright=True)), opened(png(Panel("", ramp)))
    np.testing.assert_array_equal(upright[::-1], fits)
    ends = colour_table("inferno")[[0, 255]]
    np.testing.assert_array_equal(upright[[0, -1], [0, -1]], ends)


def test_an_enlarged_picture_repeats_its_pixels(ramp):
    small, large = opened(png(Panel("", ramp))), opened(png(Panel("", ramp), enlarge=3))
    np.testing.assert_array_equal(large[1::3, 1::3], small)
    assert large.shape == (9, 12, 3)


def test_a_residual_of_zero_is_dark_and_signs_part_in_hue():
    residual = np.array([[-1.0, 0.0, 1.0]], dtype=np.float32)
    low, zero, high = opened(png(Panel("", residual, residual=True)))[0].astype(int)
    assert zero.sum() < 100
    assert low[2] > low[0]
    assert high[0] > high[2]


def test_an_image_without_contrast_is_a_picture():
    assert opened(png(Panel("", np.ones((5, 5), dtype=np.float32)))).shape == (5, 5, 3)


def test_a_data_address_holds_the_file(ramp):
    content = png(Panel("", ramp))
    kind, _, text = data_url(content).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(text) == content


def test_a_sheet_holds_every_image_as_its_own_picture_shows_it(ramp):
    images = np.stack([ramp, 5 * ramp[::-1], ramp**2])
    sheet = np.asarray(Image.open(io.BytesIO(picture_sheet(images, 2))).convert("RGB"))
    assert sheet.shape == (6, 8, 3)
    for image, (top, left) in zip(images, ((0, 0), (0, 4), (3, 0)), strict=True):
        np.testing.assert_array_equal(sheet[top : top + 3, left : left + 4], opened(png(Panel("", image)))[..., :3])
