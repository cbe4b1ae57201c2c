"""The image canvas alone: what a visitor does to the images reaches Python, in pixels."""

import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from lensmae.app.lens_view.events import Box, Click, Drag
from tests.browser.conftest import assert_no_error, place_of, serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def canvas_server(tmp_path_factory):
    with serve("tests/browser/lens_view_app.py", tmp_path_factory.mktemp("canvas_home")) as address:
        yield address


@pytest.fixture
def canvas(page, canvas_server, server):
    """The page with the canvas on it; `page` watches for requests to other hosts than `server`, so its list starts anew."""
    page.goto(canvas_server)
    expect(page.get_by_role("img", name="Image", exact=True)).to_be_visible()
    page.console.complaints.clear()
    return page


def heard(page, kind: type):
    """The event that Python says it got, once it is of this kind."""
    shown = page.get_by_text(f"{kind.__name__} {{")
    expect(shown).to_be_visible()
    return kind(**json.loads(shown.inner_text().removeprefix(kind.__name__)))


def at(page, x: float, y: float, panel: int = 0) -> tuple[float, float]:
    """Where a pixel of the 16 x 16 image lies on the screen; its first row is the lowest."""
    box = place_of(page.locator(".frame").nth(panel))
    return box["x"] + box["width"] * (x + 0.5) / 16, box["y"] + box["height"] * (1 - (y + 0.5) / 16)


def drag(page, start, to) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*to, steps=5)
    page.mouse.up()


def test_a_click_arrives_with_its_pixel(canvas):
    canvas.mouse.click(*at(canvas, 13, 2, panel=1))
    click = heard(canvas, Click)
    assert (click.panel, click.pixel, click.patch(4)) == (1, (2, 13), (0, 3))
    expect(canvas.get_by_text("heard Click")).to_be_visible()
    assert_no_error(canvas)


def test_a_box_snaps_to_the_patches_it_touches(canvas):
    drag(canvas, at(canvas, 9, 1), at(canvas, 13, 6))
    box = heard(canvas, Box)
    assert box == Box(0, 7.5, -0.5, 15.499999, 7.5)
    assert box.patches(4) == (slice(0, 2), slice(2, 4))


def test_a_dragged_point_arrives_where_it_was_let_go_and_stays_there(canvas):
    drag(canvas, at(canvas, 4, 4), at(canvas, 9, 6))
    expect(canvas.get_by_text('"final": true')).to_be_visible()
    moved = heard(canvas, Drag)
    assert (moved.name, moved.index) == ("clump", 0)
    assert (moved.x, moved.y) == pytest.approx((9, 6), abs=0.1)
    handle = place_of(canvas.locator(".handle").first)
    centre = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    assert centre == pytest.approx(at(canvas, moved.x, moved.y), abs=1.5)


def test_keys_move_a_point_and_click_a_patch(canvas):
    canvas.locator(".handle").first.focus()
    canvas.keyboard.press("ArrowRight")
    assert heard(canvas, Drag) == Drag("clump", 0, 5.0, 4.0, True)
    expect(canvas.locator(".handle").first).to_be_focused()
    canvas.locator(".frame").first.focus()
    for key in ("ArrowUp", "ArrowLeft", "Enter"):
        canvas.keyboard.press(key)
    assert heard(canvas, Click).patch(4) == (2, 1)


def test_zoom_is_shared_by_all_panels_and_clicks_stay_right_under_it(canvas):
    for panel in (0, 1):
        frame = canvas.locator(".frame").nth(panel)
        assert frame.locator("canvas").bounding_box()["width"] == pytest.approx(frame.bounding_box()["width"], abs=1)
    canvas.locator(".frame").first.focus()
    canvas.mouse.move(*at(canvas, 12, 12))
    canvas.keyboard.press("+")
    for panel in (0, 1):
        frame = canvas.locator(".frame").nth(panel)
        assert frame.locator("canvas").bounding_box()["width"] == pytest.approx(2 * frame.bounding_box()["width"], abs=1)
    # The pixel under the pointer is still under it.
    canvas.mouse.click(*at(canvas, 12, 12))
    assert heard(canvas, Click).pixel == (12, 12)
    canvas.keyboard.press("0")
    assert canvas.locator(".frame canvas").first.bounding_box()["width"] == pytest.approx(
        canvas.locator(".frame").first.bounding_box()["width"], abs=1
    )


def test_the_pointer_reads_the_values_of_all_panels(canvas):
    canvas.mouse.move(*at(canvas, 3, 5))
    assert canvas.locator("figcaption i").all_inner_texts() == ["503", "1.01e+3", "0.332"]
    expect(canvas.locator(".pointer")).to_have_text("x 3, y 5 (pixels of Image)")


def test_the_swipe_line_moves_by_pointer_and_by_key_and_shows_any_two_images(canvas):
    line = canvas.get_by_role("slider", name="Swipe line")
    expect(line).to_have_attribute("aria-valuenow", "50")
    line.press("ArrowLeft")
    expect(line).to_have_attribute("aria-valuenow", "48")
    box = place_of(canvas.locator(".frame").nth(3))
    grip = place_of(line)
    drag(canvas, (grip["x"] + grip["width"] / 2, grip["y"] + 20), (box["x"] + 0.25 * box["width"], box["y"] + 20))
    expect(line).to_have_attribute("aria-valuenow", "25")
    canvas.get_by_role("combobox", name="Image on the right").select_option("Weight")
    right, weight = (
        canvas.locator(selector).evaluate("canvas => canvas.toDataURL()")
        for selector in (".over canvas", 'canvas[aria-label="Weight"]')
    )
    assert right == weight


def test_the_legend_hides_what_lies_over_the_images(canvas):
    expect(canvas.locator(".handle").first).to_be_visible()
    canvas.get_by_role("button", name="clump", exact=True).click()
    expect(canvas.locator(".handle")).to_have_count(0)
    expect(canvas.locator(".frame path")).to_have_count(8)


def test_a_saved_image_has_its_colour_bar_and_says_what_it_shows(canvas):
    with canvas.expect_download() as download:
        canvas.locator(".save").click()
    sheet = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    images, line = 40 + 384 + 16, 26
    bar, said = sheet[images : images + line], sheet[images + line : images + 2 * line]
    assert len(np.unique(bar.reshape(-1, 3), axis=0)) > 100
    assert len(sheet) >= images + 2 * line
    assert (said.max(axis=2) < 100).sum() > 100


def test_a_tap_on_a_phone_is_a_click(chromium, canvas_server):
    context = chromium.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    phone = context.new_page()
    phone.goto(canvas_server)
    expect(phone.get_by_role("img", name="Image", exact=True)).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.touchscreen.tap(*at(phone, 6, 9))
    assert heard(phone, Click).patch(4) == (2, 1)
    context.close()
