"""The Analyse page in a real Chromium: files in, answers, a part cut out by hand, files out that open again."""

import io
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image
from playwright.sync_api import expect

from lensmae.data import read_image, simulate_lens
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.evaluation.superresolution.pairs import enlarge
from lensmae.models import load_checkpoint
from tests.browser.conftest import NETWORKS, assert_no_error, downloaded, finished, place_of
from tests.models import save_small_networks

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lens():
    return simulate_lens("model_ii", "cdm", seed=5).image


@pytest.fixture
def networks(tmp_path):
    """The same networks as the server's."""
    save_small_networks(tmp_path)
    return lambda kind: load_checkpoint(tmp_path / f"checkpoints/small-{kind}.safetensors")


def fits_file(pixels) -> bytes:
    buffer = io.BytesIO()
    unit = fits.ImageHDU(pixels.astype(">f4"))
    unit.header["PIXSCALE"] = 0.101
    fits.HDUList([fits.PrimaryHDU(), unit]).writeto(buffer)
    return buffer.getvalue()


def npy_file(pixels) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def upload(page, server, **files: bytes) -> None:
    page.goto(f"{server}/analyse?{NETWORKS}")
    named = [
        {"name": name.replace("_", "."), "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()
    ]
    page.locator('input[type="file"]').set_input_files(named)
    expect(page.get_by_role("heading", name="Among the training lenses")).to_be_visible()
    finished(page)


def test_an_uploaded_fits_file_is_answered_and_the_downloaded_files_hold_what_the_networks_drew(page, server, lens, networks):
    upload(page, server, lens_fits=fits_file(lens))
    # While the page is drawn anew, what was and what is may stand beside each other.
    expect(page.get_by_role("heading", name="lens.fits").first).to_be_visible()
    classifier = networks("classifier")
    called = classifier.classes[int(classifier.predict(lens[None])[0].argmax())]
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(called)
    expect(page.get_by_role("slider", name="Mask ratio")).to_be_visible()
    expect(page.get_by_text("times as far as the limit")).to_have_count(0)
    expected = enlarge(networks("superres"), lens)[1]
    with fits.open(io.BytesIO(downloaded(page, "Super-resolved image (fits)"))) as units:
        np.testing.assert_allclose(units[0].data, expected, rtol=1e-4, atol=1e-5)
        header = units[0].header
    assert (header["CHECKPT"], header["SOURCE"]) == ("small-superres", "lens.fits")
    assert header["PIXSCALE"] == pytest.approx(0.0505)
    assert header["DATE"].startswith("20")
    np.testing.assert_allclose(
        np.load(io.BytesIO(downloaded(page, "Super-resolved image (npy)"))), expected, rtol=1e-4, atol=1e-5
    )
    drawn = read_image(downloaded(page, "Reconstruction (fits)"))
    np.testing.assert_allclose(drawn.pixels, reconstruct(networks("mae"), lens[None]).prediction[0], rtol=1e-4, atol=1e-5)
    assert drawn.pixel_scale == pytest.approx(0.101)
    assert Image.open(io.BytesIO(downloaded(page, "Reconstruction (png)"))).size == (512, 512)
    assert_no_error(page)


def test_of_several_files_each_has_its_row_and_noise_is_out_of_domain(page, server, lens, networks):
    noise = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    upload(page, server, lens_npy=npy_file(lens), noise_npy=npy_file(noise), text_fits=b"no image")
    expect(page.get_by_text("text.fits was not read")).to_be_visible()
    expect(page.get_by_text("1 of 2 images are out of the classifier")).to_be_visible()
    table = pd.read_csv(io.BytesIO(downloaded(page, "Numbers (CSV)")))
    assert table["file"].tolist() == ["lens.npy", "noise.npy"]
    assert table["in_domain_classifier"].tolist() == [True, False]
    chances = networks("classifier").predict(np.stack([lens, noise]))
    np.testing.assert_allclose(table[["P(no_sub)", "P(cdm)", "P(axion)"]], chances, atol=1e-4)
    page.get_by_role("combobox", name="Look at").click()
    page.get_by_role("option", name="noise.npy").click()
    expect(page.get_by_text("Out of the domain of small-mae")).to_be_visible()
    finished(page)
    assert page.console.complaints == []


def test_a_box_drawn_on_the_image_is_cut_out_and_analysed(page, server, lens, networks):
    wide = np.zeros((160, 160), dtype=np.float32)
    wide[:80, 80:] = np.kron(lens, np.ones((2, 2)))[24:104, 24:104]
    upload(page, server, wide_npy=npy_file(wide))
    score = page.get_by_text("Anomaly score: masked MSE")
    expect(score).to_have_count(1)
    before = score.inner_text()
    finished(page)
    # Another one stands beside the keys.
    frame = place_of(page.locator(".st-key-view-preview .frame"))
    # The first row of an array lies at the bottom, so this is the lower right quarter.
    page.mouse.move(frame["x"] + 0.52 * frame["width"], frame["y"] + 0.52 * frame["height"])
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.98 * frame["width"], frame["y"] + 0.98 * frame["height"], steps=5)
    page.mouse.up()
    # By hand, and not where the lens was found.
    by_hand = page.get_by_text(re.compile(r"\d+x\d+ pixels from column \d+ and row \d+ on were cut out"))
    expect(by_hand.first).to_be_visible()
    finished(page)
    expect(score).not_to_have_text(before)
    cut = score.inner_text()
    page.get_by_role("button", name="Whole image").click()
    expect(by_hand).to_have_count(0)
    finished(page)
    expect(score).not_to_have_text(cut)
    assert_no_error(page)


def test_a_reload_loses_nothing_and_all_products_come_as_one_zip(page, server, lens, networks):
    noise = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    upload(page, server, lens_npy=npy_file(lens), noise_npy=npy_file(noise))
    page.reload()
    expect(page.get_by_role("heading", name="Among the training lenses")).to_be_visible()
    finished(page)
    expect(page.get_by_text("2 files are kept")).to_be_visible()
    page.get_by_role("button", name="All products (zip)").click()
    expect(page.get_by_role("button", name="Download all products")).to_be_visible()
    with zipfile.ZipFile(io.BytesIO(downloaded(page, "Download all products"))) as archive:
        answers = json.loads(archive.read("answers.json"))
        assert [(one["file"], one["class"] is None) for one in answers] == [("lens.npy", False), ("noise.npy", True)]
        drawn = read_image(archive.read("images/lens.superres.fits"))
        assert len(archive.namelist()) == 3 + 2 * 2 * 2
    np.testing.assert_allclose(drawn.pixels, enlarge(networks("superres"), lens)[1], rtol=1e-4, atol=1e-5)
    # This browser finds its uploads again without the link, another does not.
    page.goto(f"{server}/analyse?{NETWORKS}")
    page.get_by_text("Earlier uploads in this browser").click()
    page.get_by_role("link", name="2 files: lens.npy, noise.npy").click()
    expect(page.get_by_text("2 files are kept")).to_be_visible()
    finished(page)
    expect(page.get_by_text("Earlier uploads in this browser")).to_be_hidden()
    assert_no_error(page)
