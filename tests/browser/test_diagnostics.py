"""Classification and Super-resolution as a visitor uses them: click a confusion cell, move a threshold, swipe, save a figure."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from playwright.sync_api import expect

from lensmae.evaluation import evaluate
from lensmae.models import save_checkpoint
from lensmae.models.checkpoint import read_network
from tests.browser.conftest import NETWORKS, assert_no_error, finished, place_of

pytestmark = pytest.mark.browser
CLASSES = ("no_sub", "cdm", "axion")


def open_curves(page, server, **address):
    extra = "".join(f"&{name}={value}" for name, value in address.items())
    page.goto(f"{server}/classification?{NETWORKS}{extra}")
    expect(page.get_by_role("heading", name="the surest first")).to_be_visible()
    finished(page)


def test_a_click_on_a_confusion_cell_opens_its_lenses(page, server, server_home, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(server_home))
    confusion = evaluate("small-classifier", "lenses").confusion[2]
    called, count = int(confusion.argmax()), int(confusion.max())
    open_curves(page, server)
    matrix = page.locator(".js-plotly-plot").nth(1).locator(".nsewdrag").first
    box = place_of(matrix)
    # Rows are true classes from the top, columns called ones from the left.
    page.mouse.click(box["x"] + (2 * called + 1) * box["width"] / 6, box["y"] + 5 * box["height"] / 6)
    heading = f"{count} × axion called {('no_sub', 'cdm', 'axion')[called]}"
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.wait_for_url("**true=axion**")
    finished(page)
    lenses = page.get_by_role("img", name="· p ")
    expect(lenses).to_have_count(count)
    chances = [float(lens.get_attribute("aria-label").split()[-1]) for lens in lenses.all()]
    assert chances == sorted(chances, reverse=True)
    lenses.first.click()
    expect(page.get_by_role("img", name="Attention rollout")).to_be_visible()
    finished(page)
    assert_no_error(page)


def test_the_matrix_opens_on_the_fullest_wrong_cell(page, server, server_home, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(server_home))
    wrong = evaluate("small-classifier", "lenses").confusion.copy()
    np.fill_diagonal(wrong, -1)
    true, called = np.unravel_index(wrong.argmax(), wrong.shape)
    assert wrong[true, called] > 0
    open_curves(page, server)
    heading = f"{wrong[true, called]} × {CLASSES[true]} called {CLASSES[called]}"
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_role("img", name="· p ")).to_have_count(int(wrong[true, called]))
    assert_no_error(page)


def test_two_networks_are_compared_lens_by_lens(page, server, server_home, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(server_home))
    second = server_home / "checkpoints/second-classifier.safetensors"
    if not second.is_file():
        card, network = read_network(server_home / "checkpoints/small-classifier.safetensors")
        # Another order of the logits: every lens that one calls cdm the other calls something else.
        network.head.weight.data = network.head.weight.data.roll(1, 0)
        network.head.bias.data = network.head.bias.data.roll(1, 0)
        save_checkpoint(second, card, network)
    found = {name: evaluate(name, "lenses") for name in ("small-classifier", "second-classifier")}
    called = [report.probabilities.argmax(axis=1) for report in found.values()]
    page.goto(f"{server}/classification?{NETWORKS}&view=Comparison&beside=second-classifier")
    expect(page.get_by_role("heading", name="Lens by lens")).to_be_visible()
    count = int((called[0] != called[1]).sum())
    expect(page.get_by_text(f"{count} of {len(called[0])} lenses are classified differently")).to_be_visible()
    finished(page)
    assert_no_error(page)


def test_a_threshold_moves_the_operating_point_and_the_confusion(page, server):
    open_curves(page, server, rule="cdm", threshold=0)
    # At 0 every lens is called cdm.
    expect(page.get_by_text("9 lenses are called cdm")).to_be_visible()
    slider = page.get_by_role("slider", name="where its probability is at least")
    slider.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("0 lenses are called cdm")).to_be_visible()
    page.wait_for_url("**threshold=1*")
    finished(page)
    assert_no_error(page)


def test_a_figure_is_saved_as_svg_and_its_numbers_as_csv(page, server):
    open_curves(page, server)
    save = page.get_by_role("button", name="Save").first
    # At the lower edge of the window the menu would open below it, out of the driver's reach.
    save.evaluate("button => button.scrollIntoView({ block: 'center' })")
    save.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    assert download.value.suggested_filename.endswith(".svg")
    drawn = "".join(ElementTree.parse(download.value.path()).getroot().itertext())
    assert "false-positive rate" in drawn
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    header = download.value.path().read_text().splitlines()[0]
    assert header.startswith("class,false_positive_rate,true_positive_rate")
    assert_no_error(page)


def test_swiping_moves_the_border_between_two_images(page, server):
    page.goto(f"{server}/superresolution?{NETWORKS}")
    line = page.get_by_role("slider", name="Swipe line")
    expect(line).to_be_visible()
    finished(page)
    before = float(line.get_attribute("aria-valuenow"))
    line.focus()
    page.keyboard.press("ArrowRight")
    assert float(line.get_attribute("aria-valuenow")) > before
    expect(page.get_by_role("img", name="Noise-free truth", exact=True)).to_be_visible()
    assert_no_error(page)
