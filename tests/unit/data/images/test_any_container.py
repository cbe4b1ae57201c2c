"""Properties: one lens in any container, type, byte order, order of axes and unit of the sky is the same picture."""

import io

import numpy as np
import scipy.io
import tifffile
import torch
from astropy import units as u
from astropy.io import fits
from astropy.wcs.utils import proj_plane_pixel_scales
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmae.data.images.reader import read_image
from tests.unit.data.images.files_of_others import fits_file, hdf5, npy, npz, objects, torch_file, wcs_of

DTYPES = ["<f4", ">f4", "<f8", ">f8", "<f2", ">i2", "<i4", ">u2", "u1"]


def native(array):
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))


def compressed(array):
    values = native(array).astype("f4") if array.dtype.kind == "f" else native(array)
    # GZIP_2 without quantisation loses nothing.
    return fits_file(fits.CompImageHDU(values, compression_type="GZIP_2", quantize_level=0, name="SCI"))


def of_several(array):
    """An image extension behind a mask and noise of its shape."""
    noise = np.ones(array.shape, np.float32)
    units = [fits.ImageHDU((noise > 2).astype(np.uint8), name="DQ"), fits.ImageHDU(noise, name="ERR")]
    return fits_file(*units, fits.ImageHDU(for_fits(array), name="SCI"))


def for_fits(array):
    return array.astype(">f4") if array.dtype.itemsize == 2 and array.dtype.kind == "f" else array


def tiff(array):
    file = io.BytesIO()
    tifffile.imwrite(file, array, photometric="minisblack", byteorder=">" if array.dtype.byteorder == ">" else "<")
    return file.getvalue()


def matlab(array):
    file = io.BytesIO()
    scipy.io.savemat(file, {"image": native(array)})
    return file.getvalue()


def tensor(array):
    values = native(array)
    return torch_file(torch.from_numpy(values.astype("i4") if values.dtype == np.uint16 else values))


CONTAINERS = {
    "npy": npy,
    "npy in Fortran's order": lambda array: npy(np.asfortranarray(array)),
    "npz": lambda array: npz(image=array, label=np.array(1)),
    "image and mass": lambda array: objects([array, 1e-23]),
    "FITS": lambda array: fits_file(fits.PrimaryHDU(for_fits(array))),
    "FITS of several HDUs": of_several,
    "compressed FITS": compressed,
    "HDF5": lambda array: hdf5(image=array, a_mask=np.ones(array.shape, bool)),
    "TIFF": tiff,
    "MATLAB": matlab,
    "torch": tensor,
}


def picture_of(seed, height, width, dtype):
    """Values that every one of the types holds exactly, of more levels than a picture has."""
    most = 250 if np.dtype(dtype).itemsize == 1 else 2000
    return np.random.default_rng(seed).integers(1, most, (height, width)).astype(dtype)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CONTAINERS)), st.sampled_from(DTYPES), st.integers(8, 40), st.integers(8, 40),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_picture_is_the_same_in_every_container(container, dtype, height, width, seed):
    shown = picture_of(seed, height, width, dtype)
    image = read_image(CONTAINERS[container](shown), "x")
    np.testing.assert_array_equal(image.pixels, shown.astype(np.float32))
    assert image.pixels.dtype == np.float32
    assert (image.lenses, image.bands) == (1, 1)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["CHW", "HWC", "NHW", "HWN", "NCHW", "NHWC"]),
    st.sampled_from(["npy", "npz", "FITS", "compressed FITS", "HDF5", "torch", "MATLAB"]),
    st.sampled_from(DTYPES),
    st.integers(2, 3),
    st.integers(17, 30),
    st.integers(33, 48),
    st.integers(0, 2**32 - 1),
)
def test_an_order_of_axes_that_is_given_holds_in_every_container(letters, container, dtype, bands, lenses, side, seed):
    shown = picture_of(seed, side, side, dtype)
    whole = np.broadcast_to(shown, (lenses, bands, side, side))
    kept = [letter for letter in "NCHW" if letter in letters]
    array = whole[tuple(slice(None) if letter in letters else 0 for letter in "NCHW")]
    content = CONTAINERS[container](np.ascontiguousarray(array.transpose([kept.index(letter) for letter in letters])))
    image = read_image(content, "x", axes=letters)
    np.testing.assert_array_equal(image.pixels, shown.astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 360), st.floats(0.01, 2), st.booleans(), st.sampled_from(["deg", "arcsec", "arcmin", "rad"]))
def test_the_scale_and_the_sky_are_those_of_astropy_in_any_matrix_and_unit(rotation, scale, cd, unit):
    wcs = wcs_of(rotation, scale, cd)
    header = wcs.to_header()
    if unit != "deg":
        factor = (1 * u.deg).to_value(unit)
        for key in ("CDELT1", "CDELT2", "CRVAL1", "CRVAL2"):
            header[key] *= factor
        header["CUNIT1"] = header["CUNIT2"] = unit
        header.remove("LATPOLE", ignore_missing=True)
        header.remove("LONPOLE", ignore_missing=True)
    shown = picture_of(1, 24, 24, "<f4")
    image = read_image(fits_file(fits.ImageHDU(shown, header=header, name="SCI")), "x")
    assert np.isclose(image.pixel_scale, float(proj_plane_pixel_scales(wcs)[0]) * 3600, rtol=1e-5)
    expected = wcs.pixel_to_world(5, 20)
    assert image.sky.wcs().pixel_to_world(5, 20).separation(expected).arcsec < 1e-3 * scale
    np.testing.assert_array_equal(image.pixels, shown)
