"""Files that LensMAE writes hold the pixels they were given, and say where they come from."""

import io

import numpy as np
import pytest
from astropy.io import fits

from lensmae.data import read_image
from lensmae.data.images.writer import fits_bytes, npy_bytes


@pytest.fixture
def image():
    return np.random.default_rng(3).normal(size=(31, 47)).astype(np.float32)


def test_an_npy_file_opens_as_the_same_array(image):
    np.testing.assert_array_equal(np.load(io.BytesIO(npy_bytes(image)), allow_pickle=False), image)


def test_a_fits_file_opens_in_astropy_with_the_same_pixels_and_a_header(image):
    facts = {"CHECKPT": ("mae", "checkpoint"), "MASKRAT": (0.75, "mask ratio"), "NOTHING": (None, "not known")}
    with fits.open(io.BytesIO(fits_bytes(image, 0.05, facts))) as units:
        units.verify("exception")
        np.testing.assert_array_equal(units[0].data, image)
        header = units[0].header
    assert (header["CHECKPT"], header["MASKRAT"], header["PIXSCALE"]) == ("mae", 0.75, 0.05)
    assert header["ORIGIN"].startswith("LensMAE")
    assert len(header["DATE"]) == len("2026-01-31T12:00:00")
    assert "NOTHING" not in header


def test_our_own_reader_finds_the_pixels_and_the_pixel_scale(image):
    read = read_image(fits_bytes(image, 0.05))
    np.testing.assert_array_equal(read.pixels, image)
    assert read.pixel_scale == pytest.approx(0.05)
    assert read_image(fits_bytes(image)).pixel_scale is None


@pytest.mark.parametrize("name", ["linse-γ.fits", "a\nb\x00.npy", "x" * 300, "it's 'quoted'"])
def test_any_file_name_fits_into_the_header(image, name):
    with fits.open(io.BytesIO(fits_bytes(image, None, {"SOURCE": (name, "file it was made from")}))) as units:
        units.verify("exception")
        assert units[0].header["SOURCE"].isascii()
        assert units[0].header["SOURCE"][:1] == name[:1]


def test_further_images_are_extensions_by_name():
    first, second = np.eye(4, dtype=np.float32), np.ones((4, 4), dtype=np.float32)
    with fits.open(io.BytesIO(fits_bytes(first, 0.1, extensions={"ORIGINAL": second}))) as units:
        np.testing.assert_array_equal(units[0].data, first)
        np.testing.assert_array_equal(units["ORIGINAL"].data, second)
