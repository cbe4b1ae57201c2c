"""Several bands as one network input: of one array, of one file, of files; on the pixels of the first."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from lensmae.data import import_dataset
from lensmae.data.exchange.importing import ImportOptions
from lensmae.data.images.bands import places_of, split_items
from lensmae.data.images.read_options import Reading
from lensmae.data.images.reader import read_image, read_lenses
from lensmae.errors import ImageReadError
from tests.unit.data.images.files_of_others import LENS, OTHERS, fits_file, npy, unit, wcs_of

CUBE = np.stack([LENS, LENS[::-1] * 2, LENS.T * 3, LENS * 4, LENS * 5])


@pytest.mark.parametrize(
    ("band", "places"), [("0+2", [0, 2]), ("4", [4]), (3, [3]), ("all", [0, 1, 2, 3, 4]), (None, [2]), ("1 + 1", [1])]
)
def test_the_mean_of_bands_is_that_of_numpy(band, places):
    image = read_image(npy(CUBE), "x", axes="CHW", band=band)
    np.testing.assert_allclose(image.pixels, CUBE[places].mean(axis=0), rtol=1e-6)
    assert any(word in " ".join(image.notes) for word in ("mean of the bands", "averaged", "was taken"))


def test_bands_have_the_names_that_a_survey_gives_them():
    content = fits_file(fits.PrimaryHDU(CUBE[:3], header=fits.Header({"BANDS": "grz"})))
    image = read_image(content, "x", band="g+z")
    np.testing.assert_allclose(image.pixels, (CUBE[0] + CUBE[2]) / 2, rtol=1e-6)
    assert "The mean of its bands 0 (g) and 2 (z) was taken, of 3 (0 to 2)." in image.notes
    with pytest.raises(ImageReadError, match=r"3 bands, 0 to 2 \(g, r, z\); there is no band i"):
        read_image(content, "x", band="g+i")
    with pytest.raises(ImageReadError, match="there is no band 5"):
        places_of("0+5", 5)


def test_every_lens_of_a_stack_is_the_mean_of_the_same_bands():
    stack = np.stack([OTHERS[:6], OTHERS[:6] * 3, OTHERS[:6] * 9], axis=1)
    lenses = list(read_lenses(npy(stack), "x", band="0+1"))
    np.testing.assert_allclose([one.pixels for one in lenses], OTHERS[:6] * 2, rtol=1e-6)


def test_noise_of_a_mean_is_that_of_independent_bands():
    noise = np.stack([np.full((24, 24), 0.3), np.full((24, 24), 0.4), np.full((24, 24), 5.0)]).astype("f4")
    image = read_image(fits_file(unit(CUBE[:3], "SCI"), unit(noise, "ERR")), "x", band="0+1")
    assert image.noise == pytest.approx(np.full((24, 24), 0.25))


def two_bands(*, turned=0.0, scale=0.05, named=("VIS", "NIR")):
    """A star at one place of the sky in two images, the second on other pixels."""
    units = []
    for name, wcs, shape in ((named[0], wcs_of(0, 0.05, True), (24, 24)), (named[1], wcs_of(turned, scale, False), (30, 30))):
        column, row = wcs.world_to_pixel(wcs_of(0, 0.05, True).pixel_to_world(15.0, 9.0))
        rows, columns = np.indices(shape)
        star = np.exp(-0.5 * ((rows - row) ** 2 + (columns - column) ** 2) / (0.1 / scale) ** 2).astype("f4")
        header = wcs.to_header()
        header["BUNIT"] = "MJy/sr"
        units.append(fits.ImageHDU(star, header=header, name=f"{name}_FLUX"))
    return fits_file(*units)


@pytest.mark.parametrize(("turned", "scale"), [(0, 0.05), (40, 0.05), (200, 0.08)])
def test_images_of_other_pixels_are_averaged_where_they_lie_on_the_sky(turned, scale):
    image = read_image(two_bands(turned=turned, scale=scale), "x", item="VIS_FLUX+NIR_FLUX")
    assert np.unravel_index(image.pixels.argmax(), image.pixels.shape) == (9, 15)
    assert image.pixels.max() == pytest.approx(1.0, abs=0.08)
    assert image.item == "HDU 1 (VIS_FLUX) + HDU 2 (NIR_FLUX)"
    assert any("by their positions on the sky" in note for note in image.notes)
    there = image.sky.wcs().pixel_to_world(15, 9)
    assert there.separation(wcs_of(0, 0.05, True).pixel_to_world(15, 9)).arcsec < 1e-6


def test_images_of_other_pixels_without_positions_are_refused():
    content = fits_file(unit(LENS, "G"), unit(np.kron(LENS, np.ones((2, 2))), "R"))
    with pytest.raises(ImageReadError, match=r"other pixels .* cannot be averaged"):
        read_image(content, "x", item="G+R")


def test_units_that_differ_are_said():
    content = fits_file(unit(LENS, "G", BUNIT="MJy/sr"), unit(LENS * 3, "R", BUNIT="uJy"))
    image = read_image(content, "x", item="HDU 1+HDU 2")
    np.testing.assert_allclose(image.pixels, LENS * 2, rtol=1e-6)
    assert any("different units (MJy/sr, uJy)" in note for note in image.notes)


def test_a_plus_in_a_name_is_part_of_it():
    content = fits_file(unit(LENS, "J1000+0221"), unit(LENS * 2, "J1001+0222"))
    np.testing.assert_array_equal(read_image(content, "x", item="J1001+0222").pixels, LENS * 2)
    assert split_items("J1001+0222", ("HDU 1 (J1000+0221)", "HDU 2 (J1001+0222)")) == ("J1001+0222",)


def test_a_reading_takes_the_mean_too_and_bands_in_files_of_their_own_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    image = Reading(band="0+1", axes="CHW", crop=None).read(npy(CUBE), "x")
    np.testing.assert_allclose(image.pixels, CUBE[:2].mean(axis=0), rtol=1e-6)
    for band, factor in (("g", 1), ("r", 3), ("i", 9)):
        (tmp_path / "set" / band).mkdir(parents=True)
        for k in range(4):
            header = WCS(naxis=2).to_header()
            fits.PrimaryHDU(OTHERS[k] * factor, header=header).writeto(tmp_path / "set" / band / f"{k}.fits")
    dataset = import_dataset(tmp_path / "set", "bands", ImportOptions(band="g+r"), jobs=1).dataset
    np.testing.assert_allclose(np.asarray(dataset.images), OTHERS[:4] * 2, rtol=1e-6)
