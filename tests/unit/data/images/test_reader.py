"""The image reader: right images from every format, plain messages from everything else, no code run."""

import io

import h5py
import numpy as np
import pytest
import tifffile
from astropy.io import fits
from PIL import Image

from lensmae.data import fit_image, read_image
from lensmae.data.images.reader import LensImage
from lensmae.errors import ImageReadError

PIXELS = np.random.default_rng(0).random((20, 24)).astype(np.float32)


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def axion():
    pair = np.empty(2, dtype=object)
    pair[0], pair[1] = PIXELS.astype(np.float64), 3e-23
    return npy(pair, allow_pickle=True)


def npz():
    file = io.BytesIO()
    np.savez_compressed(file, lens=PIXELS)
    return file.getvalue()


def fits_file(array=PIXELS, second=True):
    unit = fits.ImageHDU(np.asarray(array).astype(">f4"), name="SCI")
    unit.header["CD1_1"] = -0.05 / 3600
    units = fits.HDUList([fits.PrimaryHDU(), unit] if second else [fits.PrimaryHDU(np.asarray(array))])
    file = io.BytesIO()
    units.writeto(file)
    return file.getvalue()


def tiff():
    file = io.BytesIO()
    tifffile.imwrite(file, PIXELS)
    return file.getvalue()


def hdf5():
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store["group/image"] = PIXELS
    return file.getvalue()


def png(array, mode=None):
    file = io.BytesIO()
    Image.fromarray(array, mode).save(file, "PNG")
    return file.getvalue()


FORMATS = {"npy": npy(PIXELS), "axion": axion(), "npz": npz(), "fits": fits_file(), "tiff": tiff(), "hdf5": hdf5()}


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_gives_the_pixels_that_were_saved(name):
    image = read_image(FORMATS[name], "lens.bin")
    assert image.pixels.dtype == np.float32
    np.testing.assert_allclose(image.pixels, PIXELS, rtol=1e-6)


def test_the_reader_says_what_it_found():
    assert read_image(FORMATS["fits"], "x").pixel_scale == pytest.approx(0.05)
    assert "HDU 1 (SCI)" in read_image(FORMATS["fits"], "x").notes[0]
    assert "3e-23 eV" in read_image(FORMATS["axion"], "x").notes[0]


def test_pictures_of_8_and_16_bits_and_colours_are_read():
    grey8, grey16 = (255 * PIXELS).astype(np.uint8), (65535 * PIXELS).astype(np.uint16)
    np.testing.assert_array_equal(read_image(png(grey8), "a.png").pixels, grey8)
    np.testing.assert_array_equal(read_image(png(grey16), "a.png").pixels, grey16)
    colour = np.stack([grey8, grey8, grey8, np.full_like(grey8, 9)], axis=-1)
    image = read_image(png(colour), "a.png")
    np.testing.assert_allclose(image.pixels, grey8, atol=1e-3)
    assert [note.split()[1] for note in image.notes] == ["transparency", "colours", "values"]


@pytest.mark.parametrize(
    "array", [PIXELS.T.copy().T, np.asfortranarray(PIXELS), PIXELS.astype(">f8"), PIXELS[None], PIXELS[None, None]]
)
def test_order_endianness_and_empty_axes_do_not_matter(array):
    np.testing.assert_allclose(read_image(npy(array), "x").pixels, PIXELS, rtol=1e-6)


def test_bands_are_averaged_and_stacks_give_their_first_image():
    np.testing.assert_allclose(read_image(npy(np.stack([PIXELS, 3 * PIXELS])), "x").pixels, 2 * PIXELS, rtol=1e-6)
    np.testing.assert_allclose(read_image(npy(np.stack([PIXELS] * 9)), "x").pixels, PIXELS, rtol=1e-6)


def test_pixels_that_are_not_finite_get_the_median_and_a_note():
    holes = PIXELS.copy()
    holes[0, :3] = [np.nan, np.inf, -np.inf]
    image = read_image(npy(holes), "x")
    for place in range(3):
        near = holes[:3, max(0, place - 2) : place + 3]
        assert image.pixels[0, place] == pytest.approx(float(np.median(near[np.isfinite(near)])))
    assert image.notes == ("3 pixels that were not finite were set to the median of their neighbours.",)


BAD = {
    "empty": (b"", "empty"),
    "truncated": (npy(PIXELS)[:-40], "cut short"),
    "text": (b"SIMPLE? no, just text", "none of npy"),
    "fits text": (b"SIMPLE  = hello there", "damaged"),
    "nan": (npy(np.full((9, 9), np.nan)), "finite number"),
    "one pixel": (npy(np.ones((1, 1))), "at least"),
    "huge": (npy(np.zeros((5000, 5000), np.uint8)), "limit"),
    "huge fits": (fits_file(np.zeros((5000, 5000), np.float32), second=False), "limit"),
    "complex": (npy(PIXELS.astype(complex)), "real numbers"),
    "words": (npy(np.array([["a", "b"]])), "real numbers"),
    "structured": (npy(np.zeros((5, 5), [("a", "U4")])), "image array"),
    "row": (npy(np.zeros(100)), "an image"),
    "no size": (npy(np.zeros((0, 5))), "at least"),
    "terabytes": (npy(PIXELS).replace(b"(20, 24)", b"(999999999,)").replace(b"   \n", b"\n"), "header|claims|cut short"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_get_a_message_that_names_them(name):
    data, message = BAD[name]
    with pytest.raises(ImageReadError, match=rf"(?s)my\.file was not read.*({message})"):
        read_image(data, "my.file")


def test_fitting_averages_crops_and_pads():
    wide = LensImage(np.arange(16 * 8, dtype=np.float32).reshape(8, 16), "x", "npy", 0.1)
    averaged = fit_image(wide, 4)
    np.testing.assert_allclose(averaged.pixels, wide.pixels[:, 4:12].reshape(4, 2, 4, 2).mean((1, 3)))
    assert averaged.pixel_scale == pytest.approx(0.2)
    padded = fit_image(LensImage(np.ones((6, 6), np.float32), "x", "npy"), 10)
    assert padded.pixels.shape == (10, 10)
    assert (padded.pixels == 1).all()
    assert len(padded.notes) == len(averaged.notes) - 1 == 1
    uneven = fit_image(LensImage(np.random.default_rng(0).random((33, 33)).astype(np.float32), "x", "npy"), 10)
    assert uneven.pixels.mean() == pytest.approx(np.random.default_rng(0).random((33, 33)).astype(np.float32).mean(), rel=1e-5)


def test_a_fitted_image_of_the_right_size_is_left_alone():
    image = LensImage(np.eye(8, dtype=np.float32), "x", "npy", 0.1, ("before",))
    assert fit_image(image, 8).notes == ("before",)
    assert np.array_equal(fit_image(image, 8).pixels, image.pixels)


def test_an_image_is_resampled_to_a_wanted_pixel_scale_and_cropped():
    pixels = np.random.default_rng(3).random((40, 40)).astype(np.float32)
    image = LensImage(pixels, "x", "fits", 0.05)
    coarse = fit_image(image, 16, 0.1)
    np.testing.assert_allclose(coarse.pixels, pixels[4:36, 4:36].reshape(16, 2, 16, 2).mean((1, 3)), rtol=1e-5)
    assert coarse.pixel_scale == 0.1
    np.testing.assert_array_equal(fit_image(image, 16, 0.05).pixels, pixels[12:28, 12:28])
    # On a finer grid, a plane stays the plane.
    slope = LensImage(np.tile(np.arange(40, dtype=np.float32), (40, 1)), "x", "fits", 0.1)
    fine = fit_image(slope, 20, 0.05).pixels[10]
    np.testing.assert_allclose(np.diff(fine[1:-1]), 0.5, rtol=1e-5)


def test_hdus_arrays_and_bands_can_be_chosen():
    first, second = PIXELS, 2 * PIXELS
    units = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(first, name="SCI"), fits.ImageHDU(second, name="ERR")])
    file = io.BytesIO()
    units.writeto(file)
    image = read_image(file.getvalue(), "x")
    assert image.items == ("HDU 1 (SCI)", "HDU 2 (ERR)")
    np.testing.assert_array_equal(read_image(file.getvalue(), "x", item="HDU 2 (ERR)").pixels, second)
    with pytest.raises(ImageReadError, match=r"no image 'HDU 3'; it holds HDU 1"):
        read_image(file.getvalue(), "x", item="HDU 3")
    bands = npy(np.stack([first, second, first]))
    assert read_image(bands, "x").bands == 3
    np.testing.assert_array_equal(read_image(bands, "x", band=1).pixels, second)
    with pytest.raises(ImageReadError, match="no band 7"):
        read_image(bands, "x", band=7)


def test_colour_tiffs_lose_their_alpha_and_compressed_ones_are_read():
    grey = (255 * PIXELS).astype(np.uint8)
    colour = np.stack([grey, grey, grey, np.full_like(grey, 7)], axis=-1)
    file = io.BytesIO()
    tifffile.imwrite(file, colour, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_allclose(read_image(file.getvalue(), "x").pixels, grey, atol=1e-3)
    file = io.BytesIO()
    Image.fromarray((65535 * PIXELS).astype(np.uint16)).save(file, "TIFF", compression="tiff_lzw")
    np.testing.assert_array_equal(read_image(file.getvalue(), "x").pixels, (65535 * PIXELS).astype(np.uint16))


@pytest.mark.parametrize("hole", [(0, 0), (3, 3)])
def test_a_bad_pixel_among_the_brightest_that_float32_holds_is_filled_with_what_it_holds(hole):
    """The median of an even number is half of a sum; that of a corner's 8 neighbours as well as that of 24."""
    pixels = np.full((8, 8), 3e38, dtype=np.float32)
    pixels[7] = 1e38
    pixels[hole] = np.nan
    assert read_image(npy(pixels), "x").pixels[hole] == np.float32(3e38)
