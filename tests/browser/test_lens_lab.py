"""The Lens lab in a real Chromium: sliders, clicks and drags reconstruct the lens, and a link reopens it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NETWORKS, assert_no_error, finished, place_of

pytestmark = pytest.mark.browser


def picture(page, title):
    """What a canvas shows, as a data URL."""
    return page.get_by_role("img", name=title, exact=True).evaluate("canvas => canvas.toDataURL()")


def reconstructed(page, title, before):
    """Wait until a canvas shows something else."""
    page.get_by_role("img", name=title, exact=True).evaluate(
        """(canvas, before) => new Promise((resolve, reject) => {
            const start = performance.now();
            const look = () => {
                if (canvas.toDataURL() !== before) return resolve();
                if (performance.now() - start > 90000) return reject(new Error("the picture stayed as it was"));
                requestAnimationFrame(look);
            };
            look();
        })""",
        before,
    )


def at(page, title, across, up):
    """A place of an image on the screen, by its share of the image's width from the left and height from the bottom."""
    box = place_of(page.get_by_role("img", name=title, exact=True))
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def test_a_slider_a_click_and_a_drag_reconstruct_the_lens_and_a_link_reopens_it(page, server):
    page.goto(f"{server}/lens_lab?{NETWORKS}")
    expect(page.get_by_role("heading", level=1, name="Lens lab")).to_be_visible()
    finished(page)
    expect(page.get_by_text("Class: no_sub")).to_be_visible()
    start = picture(page, "Image")

    page.get_by_role("tab", name="Lens", exact=True).click()
    slider = page.get_by_role("slider", name="Einstein radius (arcsec)")
    slider.focus()
    slider.press("PageUp")
    reconstructed(page, "Image", start)
    page.wait_for_url("**theta_E=**")
    finished(page)
    wider = picture(page, "Image")

    page.mouse.click(*at(page, "Image", 0.7, 0.6))
    reconstructed(page, "Image", wider)
    expect(page.get_by_text("Class: cdm")).to_be_visible()
    page.wait_for_url("**halos=**")
    finished(page)
    clicked, address = picture(page, "Image"), page.url

    # Hovering waits until the page has stopped moving beneath the pointer.
    page.get_by_role("figure").filter(has=page.get_by_role("img", name="Image", exact=True)).locator(".handle").first.hover()
    page.mouse.down()
    page.mouse.move(*at(page, "Image", 0.5, 0.72), steps=4)
    page.mouse.up()
    reconstructed(page, "Image", clicked)
    page.wait_for_url(lambda url: "halos=" in url and url != address)
    finished(page)
    assert_no_error(page)

    again = page.context.new_page()
    again.goto(page.url)
    expect(again.get_by_text("Class: cdm")).to_be_visible()
    finished(again)
    reconstructed(again, "Image", start)
