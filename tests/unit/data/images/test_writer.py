"""Files that LensMAE writes hold the pixels they were given, and say where they come from."""

import io
import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.units import Unit
from astropy.wcs import WCS

from lensmae.data import PRESETS, read_image
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


def test_a_file_without_the_sky_has_offsets_from_its_centre_that_no_viewer_takes_for_the_sky(image):
    with fits.open(io.BytesIO(fits_bytes(image, 0.05, extensions={"ERROR": image, "SMALL": image[:4]}))) as units:
        for unit in units[:2]:
            wcs = WCS(unit.header)
            assert not wcs.has_celestial
            assert [str(one) for one in wcs.wcs.cunit] == ["arcsec", "arcsec"]
            np.testing.assert_allclose(wcs.pixel_to_world_values([23, 24], [15, 15]), [[0, 0.05], [0, 0]], atol=1e-12)
        assert "CTYPE1" not in units["SMALL"].header
    read = read_image(fits_bytes(image, 0.05))
    assert (read.pixel_scale, read.sky) == (pytest.approx(0.05), None)


@pytest.mark.parametrize("unit", [*sorted({preset.flux_unit for preset in PRESETS.values()}), "MJy/sr", "e-/s", "nmgy", "%", ""])
def test_bunit_is_a_unit_of_the_standard_or_the_unit_is_said_in_words(image, unit):
    with fits.open(io.BytesIO(fits_bytes(image, 0.05, unit=unit))) as units:
        units.verify("exception")
        header = units[0].header
    if "BUNIT" in header:
        Unit(header["BUNIT"], format="fits", parse_strict="raise")
        assert "FLUXUNIT" not in header
    else:
        assert header.get("FLUXUNIT", "") == unit


def test_our_own_reader_finds_the_pixels_and_the_pixel_scale(image):
    read = read_image(fits_bytes(image, 0.05))
    np.testing.assert_array_equal(read.pixels, image)
    assert read.pixel_scale == pytest.approx(0.05)
    assert read_image(fits_bytes(image)).pixel_scale is None


@pytest.mark.parametrize("name", ["linse-γ.fits", "a\nb\x00.npy", "x" * 60, "x" * 300, "it's 'quoted'"])
def test_any_file_name_fits_into_the_header(image, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written = fits_bytes(image, None, {"SOURCE": (name, "file it was made from")})
    with fits.open(io.BytesIO(written)) as units:
        units.verify("exception")
        assert units[0].header["SOURCE"].isascii()
        assert units[0].header["SOURCE"][:1] == name[:1]


def test_further_images_are_extensions_by_name():
    first, second = np.eye(4, dtype=np.float32), np.ones((4, 4), dtype=np.float32)
    with fits.open(io.BytesIO(fits_bytes(first, 0.1, extensions={"ORIGINAL": second}))) as units:
        np.testing.assert_array_equal(units[0].data, first)
        np.testing.assert_array_equal(units["ORIGINAL"].data, second)
