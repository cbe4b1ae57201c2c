"""What networks make of a FITS image lies over it on the sky: a star of the original and of the product have one position."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from scipy.ndimage import center_of_mass

from lensmae.data import fit_image
from lensmae.data.images.bands import mean_of_images
from lensmae.data.images.crop import Crop, crop_image
from lensmae.data.images.reader import read_image
from lensmae.data.images.writer import fits_bytes
from lensmae.evaluation.images.derived_images import superres_product
from lensmae.figures.images.derived_images import image_files
from lensmae.models import load_checkpoint
from tests.unit.data.images.files_of_others import fits_file, wcs_of

SIDE = 48
# Row and column of the star.
STAR = (30.3, 19.6)


def header_of(kind):
    wcs = wcs_of(35, 0.08, kind != "PC")
    wcs.wcs.crpix = [20.0, 27.5]
    header = wcs.to_header()
    if kind != "PC":
        for key, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), wcs.wcs.cd.ravel(), strict=True):
            header[key] = value
        for key in ("PC1_1", "PC1_2", "PC2_1", "PC2_2", "CDELT1", "CDELT2"):
            header.remove(key, ignore_missing=True)
    if kind == "SIP":
        header.update({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2})
        header.update({"A_2_0": 2e-3, "A_1_1": -1e-3, "B_0_2": 1.5e-3, "B_2_0": 5e-4, "AP_ORDER": 0, "BP_ORDER": 0})
    return header


@pytest.fixture(params=["CD", "PC", "SIP"])
def original(request):
    """An image with one star, and where that is on the sky by astropy's own reading of the header."""
    rows, columns = np.indices((SIDE, SIDE))
    star = np.exp(-0.5 * ((rows - STAR[0]) ** 2 + (columns - STAR[1]) ** 2) / 2.0**2).astype(np.float32)
    header = header_of(request.param)
    content = fits_file(fits.ImageHDU(star, header=header, name="SCI"))
    with fits.open(io.BytesIO(content)) as units:
        there = WCS(units["SCI"].header).pixel_to_world(STAR[1], STAR[0])
    return read_image(content, "star.fits"), there


def assert_over(pixels, content, there, tolerance):
    """The star of a picture is where the header of the written file says."""
    with fits.open(io.BytesIO(content)) as units:
        column, row = WCS(units[0].header).world_to_pixel(there)
    found = center_of_mass(np.clip(pixels - 0.05 * pixels.max(), 0, None))
    np.testing.assert_allclose((row, column), found, atol=tolerance)


def test_a_super_resolved_image_has_the_finer_sky_of_its_original(original, superres):
    image, there = original
    product, bicubic = superres_product(image, load_checkpoint(superres))
    made = image_files("star.superres", product.pixels, product.pixel_scale, product.facts, sky=product.sky, unit=product.unit)
    assert_over(bicubic, made["star.superres.fits"], there, 0.1)
    with fits.open(io.BytesIO(made["star.superres.fits"])) as units:
        assert units[0].data.shape == (2 * SIDE, 2 * SIDE)
        assert units[0].header["PIXSCALE"] == pytest.approx(image.pixel_scale / 2)


@pytest.mark.parametrize("size", [16, 24])
def test_what_a_network_is_shown_lies_over_the_original(original, size):
    image, there = original
    shown = fit_image(image, size, image.pixel_scale * SIDE / size)
    assert_over(shown.pixels, fits_bytes(shown.pixels, sky=shown.sky), there, 0.1)


def test_a_cut_and_enlarged_and_a_combined_image_lie_over_the_original_too(original, superres):
    image, there = original
    cut = crop_image(image, Crop(11, 5, 32))
    product, bicubic = superres_product(cut, load_checkpoint(superres))
    assert_over(bicubic, fits_bytes(product.pixels, sky=product.sky), there, 0.1)
    mean = mean_of_images([cut, image])
    assert_over(mean.pixels, fits_bytes(mean.pixels, sky=mean.sky), there, 0.1)


def test_the_scale_that_a_product_says_is_that_of_its_wcs(original):
    """Whole pixels are cut out, so that what was wanted is reached to some thousandths only."""
    image, _ = original
    shown = fit_image(image, 16, 1.71 * image.pixel_scale)
    with fits.open(io.BytesIO(fits_bytes(shown.pixels, shown.pixel_scale, sky=shown.sky))) as units:
        sides = 3600 * proj_plane_pixel_scales(WCS(units[0].header))
        assert units[0].header["PIXSCALE"] == pytest.approx(np.sqrt(sides.prod()), rel=1e-7)
        assert units[0].header["PIXSCALE"] != pytest.approx(shown.pixel_scale, rel=1e-6)
