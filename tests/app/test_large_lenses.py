"""Images larger than the network's: every page asks the network as `lensmae predict` does; large uploads are enlarged."""

import io

import numpy as np
import pytest
from astropy.io import fits

from lensmae.app.analyse import enlarged
from lensmae.app.jobs.board import RESULTS, board
from lensmae.data import open_dataset, read_image
from lensmae.data.exchange.importing import import_dataset
from lensmae.evaluation import evaluate
from lensmae.jobs import JobState, ThreadJob
from tests.app.conftest import SMALL, assert_clean, texts
from tests.app.test_analyse import analyse, npy


@pytest.fixture
def large(home, tmp_path):
    """Twelve lenses in the middle of 150 pixels, as folders of classes."""
    lenses = open_dataset("lenses")
    for row in range(0, 90, 4):
        kind = lenses.lenses["class"].iloc[row]
        sky = np.full((150, 150), 0.01, np.float32)
        sky[43:107, 43:107] += lenses.images[row]
        (tmp_path / "set" / kind).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "set" / kind / f"{row}.npy", sky)
    return import_dataset(tmp_path / "set", "large")


SAID = "Images of 150x150 pixels were brought to 64x64"


def test_every_page_takes_a_set_of_larger_images_and_says_what_was_done(large, open_app):
    address = SMALL | {"data": "large"}
    app = open_app("classification", **address)
    assert_clean(app)
    report = evaluate("small-classifier", "large")
    assert SAID in texts(app.warning)
    assert any(f"{report.accuracy:.1%}" in str(metric.value) for metric in app.metric)
    app.button_group("view").set_value("saliency").run()
    assert_clean(app)
    assert SAID in texts(app.caption)
    app = open_app("reconstruction", **address)
    assert_clean(app)
    assert SAID in texts(app.caption)
    app.button_group("ask").set_value("anomaly").run()
    assert_clean(app)
    assert "is not known" in texts(app.caption)
    assert_clean(open_app("embeddings", **address))
    assert_clean(open_app(**address))


def test_a_large_image_is_enlarged_beside_the_page_and_given_up_when_another_is_looked_at(home, open_app):
    lens = np.array(open_dataset("lenses").images[40])
    large = np.pad(lens, 18)
    app = analyse(open_app, ("large.npy", npy(large)), ("small.npy", npy(lens)))
    assert_clean(app)
    (key,) = board()._jobs
    assert board().wait(60)
    app.run()
    assert_clean(app)
    assert "100×100 to 200×200 px" in texts(app.caption)
    # A job that is not done yet, as of a larger image.
    waiting = ThreadJob(lambda report: None)
    board()._jobs[key] = (RESULTS, waiting)
    app.selectbox("look").set_value("small.npy").run()
    assert_clean(app)
    assert "64×64 to 128×128 px" in texts(app.caption)
    assert waiting.state is JobState.CANCELLED


def test_the_middle_of_a_large_image_keeps_its_place_on_the_sky(monkeypatch):
    header = fits.Header(
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 9.0, "CRPIX2": 5.0}
    )
    header.update({"CDELT1": -1e-5, "CDELT2": 1e-5})
    buffer = io.BytesIO()
    fits.PrimaryHDU(np.arange(64 * 80, dtype="f4").reshape(64, 80), header=header).writeto(buffer)
    image = read_image(buffer.getvalue(), "a.fits")
    monkeypatch.setattr(enlarged, "_LARGEST", 32)
    low = enlarged._central(image)
    assert low.pixels[0, 0] == image.pixels[16, 24]
    assert low.sky.position(0, 0) == pytest.approx(image.sky.position(16, 24), abs=1e-12)
