"""What headers say of the sky."""

import pytest
from astropy.io import fits

from lensmae.data.images.wcs import read_sky


@pytest.mark.parametrize(("degrees", "arcsec"), [(2.777777777778e-05, 0.1), (1.388888888889e-05, 0.05), (8.55e-06, 0.03078)])
def test_a_scale_in_degrees_is_a_round_number_of_arcsec(degrees, arcsec):
    header = fits.Header({"NAXIS": 2, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": -degrees, "CD2_2": degrees})
    assert read_sky(header)[1] == arcsec
