"""The lens is found in a larger field, wherever it lies, and the square about it holds it at the network's angular scale."""

import numpy as np
import pytest

from lensmae.data import LensImage, fit_image
from lensmae.data.images.framing import find_lens, frame
from lensmae.data.images.lens_image import frame_of

RADIUS = 16


def field(side, row, column, noise=0.05, neighbour=True):
    """A ring about (row, column), with a galaxy far from it."""
    rows, columns = np.indices((side, side))
    light = np.exp(-0.5 * ((np.hypot(rows - row, columns - column) - RADIUS) / 2.5) ** 2)
    if neighbour:
        light += 5 * np.exp(-0.5 * ((rows - 0.1 * side) ** 2 + (columns - 0.9 * side) ** 2) / 3**2)
    return (light + np.random.default_rng(0).normal(0, noise, light.shape)).astype(np.float32)


@pytest.mark.parametrize(("row", "column"), [(209, 209), (231, 211), (190, 235)])
def test_a_ring_in_a_large_field_is_found_where_it_is(row, column):
    lens = find_lens(field(419, row, column))
    assert np.hypot(lens.row - row, lens.column - column) < 4
    assert lens.radius == pytest.approx(RADIUS, abs=2)


def test_noise_alone_and_a_flat_image_hold_no_lens():
    assert find_lens(np.random.default_rng(1).normal(size=(300, 300)).astype(np.float32)) is None
    assert find_lens(np.ones((90, 90), np.float32)) is None


def test_the_square_has_the_networks_field_where_both_scales_are_known():
    image = LensImage(field(419, 231, 211), "a", "fits", 0.05).found()
    crop = frame_of(image, 64, 0.1)
    assert crop.side == 128
    assert abs(crop.top + 63.5 - 231) < 4
    fitted = fit_image(image, 64, 0.1)
    assert fitted.pixel_scale == 0.1
    assert any("The lens was found at column 21" in note for note in fitted.notes)
    expected = image.pixels[crop.top : crop.top + 128, crop.left : crop.left + 128].reshape(64, 2, 64, 2).mean((1, 3))
    np.testing.assert_allclose(fitted.pixels, expected, rtol=1e-5, atol=1e-6)


def test_without_a_scale_the_square_follows_the_light_and_a_lens_that_fills_its_image_is_left_whole():
    crop = frame_of(LensImage(field(419, 209, 209), "a", "npy").found(), 64)
    assert 3 * RADIUS < crop.side < 9 * RADIUS
    full = field(80, 39.5, 39.5, neighbour=False)
    assert frame(full.shape, find_lens(full), None) is None
    small = LensImage(full[:64, :64], "a", "npy").found()
    np.testing.assert_array_equal(fit_image(small, 64).pixels, small.pixels)


def test_light_beyond_the_networks_field_is_shown_whole_and_said():
    image = LensImage(field(200, 100, 100, neighbour=False), "a", "fits", 0.2).found()
    fitted = fit_image(image, 64, 0.05)
    assert any("reaches beyond the network's 3.2 arcsec" in note for note in fitted.notes)
    assert fitted.pixels.shape == (64, 64)
    assert fitted.pixel_scale > 0.05


def test_about_a_small_lens_the_network_gets_the_pixels_that_are_there_and_no_padding():
    rows, columns = np.indices((300, 300))
    galaxy = 5 * np.exp(-0.5 * ((rows - 160) ** 2 + (columns - 140) ** 2) / 3**2)
    image = LensImage(np.float32(galaxy + np.random.default_rng(2).normal(0, 0.05, (300, 300))), "a", "fits").found()
    crop = frame_of(image, 64)
    assert crop.side == 64
    np.testing.assert_array_equal(fit_image(image, 64).pixels, image.pixels[crop.top : crop.top + 64, crop.left : crop.left + 64])
