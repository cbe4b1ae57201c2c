"""Uploads that crash their decoder, or claim the absurd, in a real Chromium: each is named, the others are answered, and the page
goes on for everybody."""

import io

import numpy as np
import pytest
from playwright.sync_api import expect

from lensmae.data import simulate_lens
from tests.browser.conftest import NETWORKS
from tests.crashing_files import CRASHING_FITS, CRASHING_HDF5
from tests.unit.data.test_hostile_files import BOMBS

pytestmark = pytest.mark.browser


def good_file() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, simulate_lens("model_ii", "cdm", seed=5).image)
    return buffer.getvalue()


def upload(page, files: dict[str, bytes]) -> None:
    named = [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()]
    page.locator('input[type="file"]').set_input_files(named)


def test_crashing_files_are_named_and_the_dashboard_goes_on(page, server):
    bad = {"crash.fits": CRASHING_FITS, "crash.h5": CRASHING_HDF5, "claim.fits": BOMBS["fits terabytes"]()}
    page.goto(f"{server}/analyse?{NETWORKS}")
    upload(page, bad | {"good.npy": good_file()})
    for name in bad:
        expect(page.get_by_test_id("stAlertContentError").filter(has_text=f"{name} was not read")).to_be_visible()
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    page.goto(f"{server}/analyse?{NETWORKS}")
    upload(page, {"again.npy": good_file()})
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    assert page.console.complaints == []
    page.goto(f"{server}/reconstruction?{NETWORKS}")
    expect(page.get_by_role("slider", name="Mask ratio")).to_be_visible()
