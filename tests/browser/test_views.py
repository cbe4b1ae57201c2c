"""Back, Forward, reload, a copied link and a saved view give the same view again."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NETWORKS, assert_no_error, finished

pytestmark = pytest.mark.browser


def test_back_reload_and_a_saved_view_give_the_same_view(page, server):
    def strategy(name):
        return page.get_by_role("radio", name=name, exact=True)

    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=5")
    expect(strategy("Random")).to_be_checked()
    finished(page)
    for name in ("Block", "Half"):
        strategy(name).click()
        expect(strategy(name)).to_be_checked()
        finished(page)
        # Choices in quick succession are one step.
        page.wait_for_function("Date.now() > (window.seen ??= Date.now() + 1600)")
        page.evaluate("delete window.seen")
    page.get_by_text("Saved views").click()
    page.get_by_role("textbox", name="Name of the view").fill("half hidden")
    page.get_by_role("button", name="Save this view").click()
    expect(page.get_by_role("link", name="half hidden")).to_be_visible()
    page.go_back()
    expect(strategy("Block")).to_be_checked()
    page.go_back()
    expect(strategy("Random")).to_be_checked()
    page.go_forward()
    expect(strategy("Block")).to_be_checked()
    page.reload()
    expect(strategy("Block")).to_be_checked()
    finished(page)
    page.goto(f"{server}/data?{NETWORKS}")
    page.get_by_text("Saved views").click()
    page.get_by_role("link", name="half hidden").click()
    expect(page.get_by_role("heading", name="Reconstruction", exact=True)).to_be_visible()
    expect(strategy("Half")).to_be_checked()
    expect(page.get_by_role("spinbutton", name="Lens")).to_have_value("5")
    finished(page)
    assert_no_error(page)


def test_back_after_a_change_that_takes_other_choices_with_it_is_one_step(page, server):
    def view(name):
        return page.get_by_role("radio", name=name, exact=True)

    # The class whose scores are shown is a choice of Calibration alone.
    page.goto(f"{server}/classification?{NETWORKS}&view=Calibration&of=cdm")
    expect(view("Calibration")).to_be_checked()
    finished(page)
    expect(view("cdm")).to_be_checked()
    view("Physics").click()
    page.wait_for_function("!location.search.includes('of=')")
    finished(page)
    page.go_back()
    expect(view("Calibration")).to_be_checked()
    expect(view("cdm")).to_be_checked()
    finished(page)
    assert_no_error(page)
