"""What headers say of the sky."""

import pytest
from astropy.io import fits

from lensmae.data.images.reader import read_image
from lensmae.data.images.wcs import read_sky
from tests.unit.data.images.files_of_others import LENS, fits_file, unit


@pytest.mark.parametrize(("degrees", "arcsec"), [(2.777777777778e-05, 0.1), (1.388888888889e-05, 0.05), (8.55e-06, 0.03078)])
def test_a_scale_in_degrees_is_a_round_number_of_arcsec(degrees, arcsec):
    header = fits.Header({"NAXIS": 2, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": -degrees, "CD2_2": degrees})
    assert read_sky(header)[1] == arcsec


@pytest.mark.parametrize(
    ("keyword", "value", "comment", "arcsec"),
    [
        ("PIXSCALE", 0.05, "", 0.05),
        ("PIXSCALE", "0.05", "arcsec", 0.05),
        ("PIXSCALE", 50.0, "[mas] side of a pixel", 0.05),
        ("PIXSCALE", 50.0, "", None),
        ("PIXSIZE", 9.0, "[um] of the detector", None),
        ("PIXSIZE", 15.0, "", None),
        ("PIXAR_A2", 0.0025, "", 0.05),
        ("PIXAR_SR", 5.876107e-14, "", 0.05),
        ("CCDSCAL", 0.05, "", 0.05),
        ("PLATESCL", 0.05, "", 0.05),
        ("IDCSCALE", 0.05, "", 0.05),
        ("SECPIX", 1 / 1200, "arcmin per pixel", 0.05),
    ],
)
def test_a_scale_in_a_keyword_has_the_unit_of_its_comment(keyword, value, comment, arcsec):
    header = fits.Header([(keyword, value, comment)])
    assert read_sky(header)[1] == (arcsec if arcsec is None else pytest.approx(arcsec, rel=1e-5))


def test_a_primary_header_without_pixels_gives_its_wcs_to_the_image_that_has_none():
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 12.5, "CRPIX2": 12.5}
    first = fits.PrimaryHDU(header=fits.Header({**cards, "CD1_1": -0.05 / 3600, "CD2_2": 0.05 / 3600}))
    image = read_image(fits_file(first, unit(LENS, "SCI")), "x")
    assert image.pixel_scale == pytest.approx(0.05)
    assert image.position == pytest.approx((150.0, 2.0), abs=1e-6)
    assert "Its WCS is that of the primary header." in image.notes
    own = read_image(
        fits_file(first, unit(LENS, "SCI", PIXSCALE=0.1, CTYPE1="LINEAR", CTYPE2="LINEAR", CUNIT1="mm", CUNIT2="mm")), "x"
    )
    assert own.sky is None
    assert own.pixel_scale == 0.1
