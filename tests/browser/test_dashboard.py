"""What a visitor does, in a real Chromium: slide, upload, follow a link."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NETWORKS, assert_no_error, finished
from tests.titles import PATHS

pytestmark = pytest.mark.browser


def picture(page, title: str) -> str:
    """What a canvas shows, as a data URL."""
    return page.get_by_role("img", name=title, exact=True).evaluate("canvas => canvas.toDataURL()")


def slide(page, place: int) -> None:
    """Move the mask slider to a place and let it go."""
    slider = page.get_by_role("slider", name="Mask ratio")
    slider.evaluate(
        """(slider, place) => {
            slider.value = place;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            slider.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        place,
    )


def test_walking_through_all_pages_leaves_the_console_empty(page, server):
    page.goto(f"{server}/?{NETWORKS}&method=PCA")
    for title in PATHS.values():
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Overview" if title == "LensMAE" else title).click()
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
        finished(page)
    assert_no_error(page)
    assert page.console.probes == []


def test_moving_the_slider_changes_the_pictures_and_the_address(page, server):
    page.goto(f"{server}/reconstruction?{NETWORKS}")
    slider = page.get_by_role("slider", name="Mask ratio")
    expect(slider).to_have_value("15")
    expect(page.locator("dd").first).to_have_text("48 of 64")
    original, masked, reconstructed = (picture(page, title) for title in ("Original", "Masked", "Composite"))
    slide(page, 18)
    expect(page.locator("dd").first).to_have_text("58 of 64")
    assert picture(page, "Original") == original
    assert picture(page, "Masked") != masked
    assert picture(page, "Composite") != reconstructed
    page.wait_for_url("**ratio=0.9**")
    finished(page)
    assert_no_error(page)


def test_arrow_keys_move_the_slider(page, server):
    page.goto(f"{server}/?{NETWORKS}")
    slider = page.get_by_role("slider", name="Mask ratio")
    expect(slider).to_have_value("15")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("dd").first).to_have_text("45 of 64")


def test_a_link_with_all_parameters_reopens_the_same_view(page, server):
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=33&ratio=0.5&seed=7&strategy=Block&stretch=log")
    expect(page.get_by_role("slider", name="Mask ratio")).to_have_value("10")
    expect(page.locator("dd").first).to_have_text("32 of 64")
    expect(page.get_by_role("slider", name="Seed of the mask")).to_have_value("7")
    expect(page.get_by_test_id("stSidebar").get_by_label("Lens", exact=True)).to_have_value("33")
    expect(page.locator(".bar.flux .unit")).to_contain_text("log stretch")
    finished(page)
    assert_no_error(page)


def test_the_shared_choice_is_kept_when_the_page_changes(page, server):
    page.goto(f"{server}/?{NETWORKS}&lens=33")
    expect(page.get_by_test_id("stSidebar").get_by_label("Lens", exact=True)).to_have_value("33")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Training").click()
    expect(page.get_by_role("heading", level=1, name="Training")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_label("Lens", exact=True)).to_have_value("33")
    page.wait_for_url("**lens=33**")


def test_an_address_with_nonsense_gets_a_notice_and_a_page(page, server):
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=zwölf&seed=1e9&strategy=%3Cb%3E&ratio=nan")
    expect(page.get_by_text("The address asks for lens “zwölf”")).to_be_visible()
    expect(page.get_by_text("it must be a number from 0 to 999")).to_be_visible()
    expect(page.get_by_role("slider", name="Mask ratio")).to_have_value("15")
    assert_no_error(page)
