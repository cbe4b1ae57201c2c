"""Every file that a lens researcher has gives the picture that its own library shows, or a refusal that says what to do."""

import contextlib
import io

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs.utils import proj_plane_pixel_scales
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmae.data import fit_image
from lensmae.data.images.companions import companions
from lensmae.data.images.crop import Crop, crop_image
from lensmae.data.images.reader import read_image, read_lenses
from lensmae.data.images.wcs import Grid, fits_unit
from lensmae.data.images.writer import fits_bytes
from lensmae.errors import ImageReadError
from tests.unit.data.images.array_files import CASES as OF_ARRAYS
from tests.unit.data.images.files_of_others import (
    FITS,
    LENS,
    MASK,
    OTHERS,
    REFUSED,
    SAME,
    fits_file,
    npy,
    npz,
    objects,
    picture,
    tiff,
    unit,
    wcs_of,
)  # fmt: skip
from tests.unit.data.images.survey_files import CASES as OF_SURVEYS

CASES = OF_SURVEYS | OF_ARRAYS


@pytest.mark.parametrize("name", list(SAME))
def test_the_picture_is_the_one_that_the_file_shows(name):
    content, shown = SAME[name]
    image = read_image(content, "x")
    assert image.pixels.shape == shown.shape
    # Grey of colours is rounded by the file's own eight bits.
    np.testing.assert_allclose(image.pixels, shown, rtol=2e-6, atol=1.0 if shown.dtype == np.float64 else 1e-3)


BESIDE = [
    ("image_a.fits", "noise_a.fits", "psf_a.fits"), ("a.fits", "sigma_a.fits", "psf-a.fits"),
    ("a.fits", "a_invvar.fits", "a_kernel.fits"),
    ("data-a.fits.gz", "rms-a.fits.gz", "psf-a.fits.gz"), ("lens_I.fits", "lens_I_noise_map.fits", "lens_I_psf_model.fits"),
]  # fmt: skip


@pytest.mark.parametrize(("image", "noise", "psf"), BESIDE)
def test_noise_and_psf_lie_beside_an_image_by_the_names_that_people_give_them(tmp_path, image, noise, psf):
    inverse = "invvar" in noise
    for name, array in ((image, LENS), (noise, np.full_like(LENS, 25.0 if inverse else 0.2)), (psf, np.eye(5, dtype="f4"))):
        fits.PrimaryHDU(array).writeto(tmp_path / name)
    # Another lens with its own, and one whose name only begins alike.
    fits.PrimaryHDU(LENS.T).writeto(tmp_path / "ab.fits")
    found = read_image(tmp_path / image)
    np.testing.assert_allclose(found.noise, 0.2, rtol=1e-6)
    np.testing.assert_array_equal(found.psf, np.eye(5))
    assert companions([image, noise, psf, "ab.fits"]) == {image: {"noise": noise, "psf": psf}}
    assert read_image(tmp_path / "ab.fits").noise is None


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_told_is_refused_with_what_to_do(name):
    content, words = REFUSED[name]
    with pytest.raises(ImageReadError, match=words):
        read_image(content, "x")


@pytest.mark.parametrize("name", list(CASES))
def test_files_of_surveys_and_tools_are_read_with_what_they_say_of_their_pixels(name):
    case = CASES[name]
    if case.picture is None:
        with pytest.raises(ImageReadError, match=case.words):
            read_image(case.content, "x")
        return
    image = read_image(case.content, "x")
    known = np.isfinite(case.picture)
    assert image.pixels.shape == case.picture.shape
    off = np.abs(image.pixels - np.where(known, case.picture, 0))[known] > 1e-4 * np.abs(case.picture[known]).max()
    facts = dict(case.facts)
    assert off.sum() == (1 if "1 pixels flagged" in facts.get("said", "") else 0)
    for fact, expected in facts.items():
        if fact == "said":
            assert expected in " ".join(image.notes)
        elif fact == "noise" and expected is not None:
            assert image.noise == pytest.approx(np.full((24, 24), expected), rel=1e-3)
        else:
            found = getattr(image, fact)
            found = tuple(round(one, 4) for one in found) if fact == "position" and found else found
            assert found == (pytest.approx(expected, rel=0.02) if isinstance(expected, float) else expected)


def test_all_lenses_of_a_stack_come_by_their_index_whatever_the_order_of_its_axes():
    for content in (npy(OTHERS), npy(OTHERS[:, None]), npy(np.moveaxis(OTHERS, 0, -1)), npz(images=OTHERS, labels=np.arange(30))):
        lenses = list(read_lenses(content, "X.npy"))
        assert [one.name for one in lenses] == [f"X.npy[{place}]" for place in range(30)]
        np.testing.assert_array_equal([one.pixels for one in lenses], OTHERS)
        np.testing.assert_array_equal(read_image(content, "x", lens=17).pixels, OTHERS[17])


def test_the_axes_that_are_given_go_before_the_shape():
    cube = np.random.default_rng(0).random((24, 24, 24)).astype(np.float32)
    np.testing.assert_array_equal(read_image(npy(cube), "x", axes="NHW", lens=3).pixels, cube[3])
    np.testing.assert_array_equal(read_image(npy(cube), "x", axes="hwc", band=3).pixels, cube[..., 3])
    np.testing.assert_array_equal(read_image(npy(cube), "x", axes="yxn", lens=5).pixels, cube[..., 5])


@pytest.mark.parametrize("page", [0, 1, 2])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_a_page_is_that_page_whatever_the_compression(page, compression):
    from PIL import Image

    pages = [Image.fromarray(np.full((16, 16), 40 * k, np.uint8)) for k in range(3)]
    content = picture(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression)
    assert (read_image(content, "x", item=f"page {page}").pixels == 40 * page).all()
    assert [float(one.pixels.mean()) for one in read_lenses(content, "x")] == [0, 40, 80]


@pytest.mark.parametrize("cd", [True, False])
@pytest.mark.parametrize("rotation", [0, 30, 200])
def test_the_pixel_scale_is_astropys_whatever_the_matrix(rotation, cd):
    wcs = wcs_of(rotation, 0.05, cd)
    written = fits.PrimaryHDU(LENS, header=wcs.to_header())
    if cd:
        for key, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), wcs.wcs.cd.ravel(), strict=True):
            written.header[key] = value
    read = read_image(fits_file(written), "x")
    assert read.pixel_scale == pytest.approx(float(proj_plane_pixel_scales(wcs)[0]) * 3600, rel=1e-6)
    assert read.pixel_scale == pytest.approx(0.05)


def test_a_pixel_scale_in_any_unit_and_in_keywords():
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "arcsec", "CUNIT2": "arcsec", "CDELT1": -0.1, "CDELT2": 0.1}
    assert read_image(fits_file(unit(LENS, **cards)), "x").pixel_scale == pytest.approx(0.1)
    doubled = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CDELT1": -0.025 / 3600,
        "CDELT2": 0.025 / 3600,
        "PC1_1": 2.0,
        "PC2_2": 2.0,
    }
    assert read_image(fits_file(unit(LENS, **doubled)), "x").pixel_scale == pytest.approx(0.05)
    assert read_image(fits_file(unit(LENS, PIXSCALE=0.2)), "x").pixel_scale == 0.2
    assert read_image(FITS, "x").pixel_scale is None


def sky_image():
    return read_image(fits_file(fits.PrimaryHDU(LENS, header=wcs_of(30, 0.05, True).to_header())), "x")


def test_the_wcs_follows_a_crop_as_cutout2d_has_it():
    cut = crop_image(sky_image(), Crop(5, 7, 10))
    expected = Cutout2D(LENS, (7 + 4.5, 5 + 4.5), 10, wcs=wcs_of(30, 0.05, True))
    np.testing.assert_array_equal(cut.pixels, expected.data)
    for row, column in ((0, 0), (9, 3)):
        there = expected.wcs.pixel_to_world(column, row)
        np.testing.assert_allclose(cut.sky.position(row, column), (there.ra.deg, there.dec.deg), atol=1e-10)


def test_products_lie_where_the_original_lies():
    image = sky_image()
    fitted = fit_image(image, 8, 0.1)
    finer = image.sky.on(Grid(0, 0, 0.5, 0.5))
    for pixels, sky, factor, start in ((fitted.pixels, fitted.sky, 2, 4), (np.kron(LENS, np.ones((2, 2))), finer, 0.5, 0)):
        with fits.open(io.BytesIO(fits_bytes(pixels, 0.1, sky=sky, unit="MJy/sr"))) as written:
            from astropy.wcs import WCS

            there = WCS(written[0].header).pixel_to_world(3, 5)
            assert u.Unit(written[0].header["BUNIT"], format="fits") == u.MJy / u.sr
        on_original = wcs_of(30, 0.05, True).world_to_pixel(there)
        np.testing.assert_allclose(on_original, (start + factor * 3.5 - 0.5, start + factor * 5.5 - 0.5), atol=1e-6)


@pytest.mark.parametrize("at", [(0, 0), (23, 5), (11.5, 11.5)])
def test_the_plane_for_the_browser_gives_the_sky_of_astropy(at):
    plane = sky_image().sky.tangent(LENS.shape)
    row, column = at
    east, north = (
        np.deg2rad((column - plane.column) * plane.along_column[axis] + (row - plane.row) * plane.along_row[axis])
        for axis in (0, 1)
    )
    # As lens_view_overlay.js turns it back (Calabretta & Greisen 2002, gnomonic projection).
    dec = np.deg2rad(plane.dec)
    along = np.cos(dec) - north * np.sin(dec)
    ra = plane.ra + np.rad2deg(np.arctan2(east, along))
    declination = np.rad2deg(np.arctan2(np.sin(dec) + north * np.cos(dec), np.hypot(east, along)))
    expected = sky_image().sky.position(row, column)
    np.testing.assert_allclose((ra, declination), expected, atol=1e-8)


def test_units_of_cameras_become_units_of_the_standard():
    for text, standard in (("MJy/sr", u.MJy / u.sr), ("counts", u.ct), ("DN", u.adu), ("COUNTS/S", u.ct / u.s), ("nJy", u.nJy)):
        assert u.Unit(fits_unit(text), format="fits") == standard
    # The standard knows no electrons: such fluxes are said in words.
    for text in ("some words", "", "ELECTRONS/S", "e-/s"):
        assert fits_unit(text) == ""


def test_flagged_pixels_get_the_median_of_their_neighbours_and_noise_says_how_deep_an_image_is():
    hot = LENS.copy()
    hot[3:5, 6:9] = 1e6
    content = fits_file(unit(hot, "SCI"), unit(np.full((24, 24), 0.1), "ERR"), unit(MASK, "DQ"))
    image = read_image(content, "x")
    good = MASK == 0
    np.testing.assert_array_equal(image.pixels[good], LENS[good])
    window = LENS[1:6, 4:9][good[1:6, 4:9]]
    assert image.pixels[3, 6] == pytest.approx(np.median(window))
    assert any("6 pixels flagged by HDU 3 (DQ)" in note for note in image.notes)
    assert image.peak_signal_to_noise == pytest.approx((image.pixels.max() - np.median(image.pixels)) / 0.1, rel=1e-5)


@pytest.mark.parametrize("value", [-9999.0, -99.0, 1e30, 1e6])
def test_values_that_stand_for_nothing_are_filled_and_said(value):
    holes = LENS.copy()
    holes[:2] = value
    image = read_image(npy(holes), "x")
    np.testing.assert_array_equal(image.pixels[2:], LENS[2:])
    assert image.pixels.max() <= LENS.max()
    assert any("stands for no measurement" in note for note in image.notes)


def test_files_beside_an_image_are_its_noise_and_psf(tmp_path):
    fits.PrimaryHDU(LENS).writeto(tmp_path / "J0946_data.fits")
    fits.PrimaryHDU(np.full((24, 24), 0.5)).writeto(tmp_path / "J0946_noise_map.fits")
    rows, columns = np.indices((21, 21)) - 10
    fits.PrimaryHDU(np.exp(-0.5 * (rows**2 + columns**2) / 2.0**2)).writeto(tmp_path / "J0946_psf.fits")
    image = read_image(tmp_path / "J0946_data.fits")
    assert image.noise.shape == (24, 24)
    assert image.seeing == pytest.approx(2.0 * 2.3548, rel=0.03)
    alone = companions(["a_psf.fits", "b_data.fits", "c.fits", "b_psf.fits", "b_noise_map.fits"])
    assert alone == {"b_data.fits": {"psf": "b_psf.fits", "noise": "b_noise_map.fits"}}
    # As PyAutoLens keeps a lens: further masks and models are no second image.
    lens = companions(["a/data.fits", "a/noise_map.fits", "a/psf.fits", "a/mask_extra_galaxies.fits", "a/model_image.fits"])
    assert lens == {"a/data.fits": {"noise": "a/noise_map.fits", "psf": "a/psf.fits"}}


def test_uploads_that_belong_to_an_image_are_named_and_are_what_their_names_say():
    """A variance is no standard deviation, also where contents alone are given."""
    variance = fits_file(fits.PrimaryHDU(np.full((24, 24), 0.25, np.float32)))
    image = read_image(FITS, "a_data.fits", beside={"noise": ("a_var.fits", variance)})
    np.testing.assert_allclose(image.noise, 0.5)
    assert "Its noise is that of a_var.fits." in image.notes
    small = fits_file(fits.PrimaryHDU(np.ones((9, 9), np.float32)))
    image = read_image(FITS, "a_data.fits", beside={"noise": ("a_rms.fits", small), "bad": ("a_dq.fits", b"nothing")})
    assert image.noise is None
    assert any(note.startswith("a_rms.fits was not used: its shape is (9, 9)") for note in image.notes)
    assert any(note.startswith("a_dq.fits was not used: ") for note in image.notes)


@pytest.mark.parametrize("marker", [".zarray", ".zgroup", "zarr.json"])
def test_a_zarr_store_is_named_with_what_to_do(tmp_path, marker):
    """zarr is no dependency: its stores are folders, which say so themselves."""
    store = tmp_path / "lens.zarr"
    store.mkdir()
    (store / marker).write_text("{}")
    with pytest.raises(ImageReadError, match=r"lens\.zarr was not read: it is a zarr store; save its array as npy"):
        read_image(store)


def test_a_picture_says_that_its_levels_are_few():
    from PIL import Image

    jpeg = picture(Image.fromarray(np.round(60 * LENS).astype(np.uint8)), "JPEG")
    image = read_image(jpeg, "x")
    assert (image.eight_bit, image.lossy) == (True, True)
    assert read_image(npy(np.round(60 * LENS)), "x").eight_bit
    assert not read_image(tiff(LENS), "x").eight_bit


CONTAINERS = {"npy": npy, "npz": lambda array: npz(image=array), "objects": lambda array: objects([array, 1e-23])}
FLOATS = st.sampled_from(["<f4", ">f4", "<f8", ">f8", "<f2", ">i4", "<u2"])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["HW", "CHW", "HWC", "NHW", "NCHW", "NHWC", "HWN"]),
    st.tuples(st.integers(17, 40), st.integers(1, 3), st.integers(8, 40), st.integers(8, 40)),
    FLOATS,
    st.sampled_from(list(CONTAINERS)),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_one_lens_in_any_order_type_and_container_is_the_same_picture_or_refused(letters, sides, dtype, container, fortran, seed):
    n, bands, height, width = sides
    counts = {"N": n, "C": bands, "H": height, "W": width}
    picture = np.random.default_rng(seed).integers(0, 2000, (height, width))
    ordered = np.broadcast_to(picture, (n, bands, height, width)).astype(dtype)
    index = tuple(slice(None) if letter in letters else 0 for letter in "NCHW")
    kept = [letter for letter in "NCHW" if letter in letters]
    array = ordered[index].transpose([kept.index(letter) for letter in letters])
    assert array.shape == tuple(counts[letter] for letter in letters)
    content = CONTAINERS[container](np.asfortranarray(array) if fortran else np.ascontiguousarray(array))
    said = picture.astype(dtype).astype(np.float32)
    np.testing.assert_allclose(read_image(content, "x", axes=letters).pixels, said, rtol=1e-6)
    # Without axes that are given, a square picture of another side than the other axes is told from the shape alone.
    if height == width and height not in (n, bands):
        np.testing.assert_allclose(read_image(content, "x").pixels, said, rtol=1e-6)
        return
    # Of other shapes what cannot be told is refused with what to say, never another kind of error.
    with contextlib.suppress(ImageReadError):
        read_image(content, "x")
