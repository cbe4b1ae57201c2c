"""Data sets made in a real Chromium: simulated, imported, cancelled, deleted."""

import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NETWORKS, assert_no_error, finished
from tests.unit.data.originals import write_classes

pytestmark = pytest.mark.browser


@pytest.fixture
def datasets(server_home):
    """The server's data sets; what a test makes there is removed after it."""
    folder = server_home / "datasets"
    before = set(folder.iterdir())
    yield folder
    for path in set(folder.iterdir()) - before:
        shutil.rmtree(path)


def open_form(page, server):
    page.goto(f"{server}/data?{NETWORKS}&set=lenses")
    expect(page.get_by_role("heading", level=1, name="Data")).to_be_visible()
    finished(page)
    page.get_by_text("New data set").click()
    expect(page.get_by_role("radio", name="Simulate")).to_be_visible()


def fill(page, label, value):
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Tab")


def test_a_set_is_simulated_while_its_maker_looks_elsewhere_and_deleted_after_a_second_click(page, server, datasets):
    open_form(page, server)
    fill(page, "Name", "made-here")
    fill(page, "Lenses a class", "20")
    page.get_by_role("button", name="Simulate", exact=True).click()
    # A page that is left before the server has heard of a click takes the click along.
    expect(page.get_by_text("made-here").first).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Training").click()
    expect(page.get_by_role("heading", level=1, name="Training")).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Data").click()
    expect(page.get_by_text("made-here is ready: 60 lenses.")).to_be_visible()
    page.get_by_label("Look into").click()
    page.get_by_role("option", name="made-here").click()
    page.wait_for_url("**set=made-here**")
    pictures = page.get_by_role("img", name="of made-here")
    expect(pictures).to_have_count(18)
    finished(page)
    pictures.evaluate_all("(shown) => Promise.all(shown.map((picture) => picture.decode()))")
    page.get_by_role("button", name="Delete", exact=True).click()
    assert (datasets / "made-here").is_dir()
    page.get_by_role("button", name="Delete made-here").click()
    expect(page.get_by_text("made-here is deleted.")).to_be_visible()
    assert not (datasets / "made-here").exists()
    assert_no_error(page)


def test_a_folder_is_looked_at_then_imported_and_its_bad_file_is_named(page, server, datasets, tmp_path):
    images = write_classes(tmp_path / "Model_II", per_class=4)
    (tmp_path / "Model_II/cdm/cdm_sim_0001.npy").write_bytes(b"damaged")
    open_form(page, server)
    page.get_by_text("Import a folder").click()
    fill(page, "Folder or file on the machine that runs this dashboard", str(tmp_path / "Model_II"))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("class folders: 12 lenses (4 no_sub, 4 cdm, 4 axion)")).to_be_visible()
    expect(page.get_by_label("Name of the new data set")).to_have_value("Model_II")
    fill(page, "Name of the new data set", "brought-in")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("brought-in is ready: 11 lenses. Left out, and named below: 1.")).to_be_visible()
    finished(page)
    page.goto(f"{server}/data?{NETWORKS}&set=brought-in")
    expect(page.get_by_text("Left out: 1", exact=True)).to_be_visible()
    finished(page)
    stored = np.load(datasets / "brought-in/images.npy", mmap_mode="r")
    np.testing.assert_array_equal(stored[0], images["no_sub/no_sub_sim_0000.npy"].astype(np.float32))
    assert_no_error(page)


def test_a_cancelled_simulation_leaves_nothing(page, server, datasets):
    before = {path.name for path in datasets.iterdir()}
    open_form(page, server)
    fill(page, "Name", "too-many")
    fill(page, "Lenses a class", "3000")
    page.get_by_role("button", name="Simulate", exact=True).click()
    page.get_by_role("button", name="Cancel too-many").click()
    expect(page.get_by_text("Simulating too-many was cancelled; nothing was kept.")).to_be_visible()
    assert {path.name for path in datasets.iterdir()} == before
    page.get_by_role("button", name="Dismiss").first.click()
    assert_no_error(page)
