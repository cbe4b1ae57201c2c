"""What a notebook holds is read like a file, and shows itself without letting names of strangers be markup."""

import io

import numpy as np
import pytest
import torch
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, StdDevUncertainty

from lensmae.data import read_image
from lensmae.data.images.formats.in_memory import as_source
from lensmae.errors import ImageReadError
from tests.unit.data.images.files_of_others import FITS, LENS

NAME = "<img src=x onerror=alert(1)>.fits"


def masked():
    return np.ma.MaskedArray(LENS, np.zeros(LENS.shape, bool))


SOURCES = {
    "HDUList": lambda: fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(LENS, name="SCI")]),
    "ImageHDU": lambda: fits.ImageHDU(LENS),
    "CCDData": lambda: CCDData(LENS, unit=u.electron, uncertainty=StdDevUncertainty(np.full(LENS.shape, 0.2))),
    "array": lambda: LENS,
    "masked array": masked,
    "Quantity": lambda: LENS * u.electron,
    "tensor": lambda: torch.from_numpy(LENS)[None].requires_grad_(),
    "open file": lambda: io.BytesIO(FITS),
    "bytearray": lambda: bytearray(FITS),
    "list": lambda: LENS.tolist(),
}


@pytest.mark.parametrize("kind", list(SOURCES))
def test_whatever_holds_an_image_in_memory_is_read(kind):
    np.testing.assert_allclose(read_image(SOURCES[kind]()).pixels, LENS, rtol=1e-6)


def test_masked_pixels_and_uncertainties_are_kept():
    mask = np.zeros(LENS.shape, bool)
    mask[3, 4] = True
    image = read_image(np.ma.MaskedArray(LENS, mask))
    assert any("1 pixels that were not finite" in note for note in image.notes)
    ccd = read_image(SOURCES["CCDData"]())
    assert ccd.noise == pytest.approx(np.full(LENS.shape, 0.2), rel=1e-6)
    assert ccd.unit == "electron"


def test_what_is_no_image_is_refused_by_its_type():
    with pytest.raises(ImageReadError, match="A dict is no image"):
        as_source({"a": 1})
    with pytest.raises(ImageReadError, match="open it with 'rb'"):
        as_source(io.StringIO("text"))


def test_a_notebook_shows_names_as_text():
    shown = read_image(FITS, NAME)._repr_html_()
    assert "data:image/png;base64," in shown
    assert "24 x 24 (fits)" in shown
    assert "<img src=x" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;.fits" in shown
