"""Uploads on the Analyse page: good files of every kind, and bad ones that get a plain message."""

import io

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from lensmae.data import open_dataset
from tests.app.conftest import SMALL, assert_clean, texts


def npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def fits_file(array) -> bytes:
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(array.astype(">f4"))]).writeto(buffer)
    return buffer.getvalue()


def png(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(255 * array / array.max())).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def lens(home):
    return np.array(open_dataset("lenses").images[40])


def analyse(open_app, *files):
    app = open_app("analyse", **SMALL)
    uploader = app.file_uploader("uploads")
    for name, content in files:
        uploader = uploader.upload(name, content)
    return uploader.run()


@pytest.mark.parametrize(("name", "encode"), [("lens.npy", npy), ("lens.fits", fits_file), ("lens.png", png)])
def test_a_good_file_is_read_classified_and_redrawn(lens, open_app, name, encode):
    app = analyse(open_app, (name, encode(lens)))
    assert_clean(app)
    assert {metric.label: metric.value for metric in app.metric}["Most probable class"] in ("no_sub", "cdm", "axion")
    assert {"Reconstruction", "Super-resolution"} <= {heading.value for heading in app.subheader}
    assert "learnt from simulated lenses only" in texts(app.warning)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.npy", npy(np.ones((64, 64)))[:900]),
        ("text.fits", b"This is no FITS file, whatever its name says."),
        ("nan.npy", npy(np.full((64, 64), np.nan))),
        ("one.npy", npy(np.ones((1, 1)))),
        ("huge.npy", npy(np.zeros((5000, 5000), dtype=np.uint8))),
        ("words.npy", npy(np.array([["a", "b"]] * 40))),
        ("empty.png", b""),
    ],
)
def test_a_bad_file_gets_a_message_that_names_it(home, open_app, name, content):
    app = analyse(open_app, (name, content))
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.startswith(name)
    assert "Traceback" not in app.error[0].value


def test_one_bad_file_never_spoils_the_rest(lens, open_app):
    app = analyse(open_app, ("a.npy", npy(lens)), ("bad.fits", b"no"), ("b.npy", npy(lens[::-1])))
    assert [error.value.split(" ")[0] for error in app.error] == ["bad.fits"]
    table = app.dataframe[0].value
    assert table["file"].tolist() == ["a.npy", "b.npy"]
    chances = table[["P(no_sub)", "P(cdm)", "P(axion)"]].to_numpy()
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=2e-4)
    # The answer is averaged over the eight symmetries, so a mirrored lens gets the same.
    np.testing.assert_allclose(chances[0], chances[1], atol=2e-3)


def test_a_constant_image_is_no_reason_to_fail(home, open_app):
    assert_clean(analyse(open_app, ("flat.npy", npy(np.ones((64, 64))))))
