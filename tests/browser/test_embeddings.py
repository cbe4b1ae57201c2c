"""The plane of embeddings in a real Chromium: circle lenses, look at them, take them away; click one; search by an image."""

import contextlib
import io
import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import TimeoutError, expect

from lensmae.data import simulate_lens
from tests.browser.conftest import NETWORKS, assert_no_error, finished, place_of

pytestmark = pytest.mark.browser


@pytest.fixture
def plane(page, server):
    """The page with all lenses drawn by PCA."""
    page.goto(f"{server}/embeddings?{NETWORKS}&method=PCA&lens=40")
    expect(page.locator(".js-plotly-plot .nsewdrag").first).to_be_visible()
    finished(page)
    return page


def circle(page, place: int = 0) -> None:
    """Draw a lasso around the right half of a plane."""
    page.get_by_role("radio", name="Lasso").click()
    finished(page)
    lasso = "(place) => document.querySelectorAll('.js-plotly-plot')[place]?._fullLayout?.dragmode === 'lasso'"
    page.wait_for_function(lasso, arg=place)
    box = place_of(page.locator(".js-plotly-plot .nsewdrag").nth(place))
    corners = [(0.5, 0.01), (0.99, 0.01), (0.99, 0.99), (0.5, 0.99), (0.5, 0.02)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def test_a_lasso_opens_a_gallery_whose_lenses_can_be_taken_away(plane):
    circle(plane)
    heading = plane.get_by_role("heading", name="lenses selected")
    expect(heading).to_be_visible()
    finished(plane)
    count = int(heading.inner_text().split(" ")[0])
    assert 1 < count < 90
    assert plane.locator("canvas[role=img]").count() == min(24, count)
    with plane.expect_download() as download:
        plane.get_by_role("button", name="Selection (CSV)").click()
    table = pd.read_csv(download.value.path())
    assert len(table) == count
    assert {"row", "id", "class", "split", "projection_x", "projection_y"} <= set(table.columns)
    # All lie on the right of those that were not selected.
    assert table["projection_x"].min() > -table["projection_x"].max()
    assert_no_error(plane)
    # A link reopens the selection; nonsense in it is said, and nothing is selected.
    plane.wait_for_url("**selected=classifier**")
    again = plane.context.new_page()
    again.goto(plane.url)
    expect(again.get_by_role("heading", name=f"{count} lenses selected")).to_be_visible()
    again.goto(re.sub("selected=[^&]*", "selected=classifier:1,2;nan", plane.url))
    expect(again.get_by_text("a selection that this projection does not have")).to_be_visible()
    expect(again.get_by_role("heading", name="lenses selected")).to_have_count(0)


NAMES = "(place) => document.querySelectorAll('.js-plotly-plot')[place]._fullData.map((trace) => trace.name)"
HAVE = "([place, name]) => document.querySelectorAll('.js-plotly-plot')[place]?._fullData.at(-1).name === name"


FIRST_POINT = """() => {
    const plot = document.querySelector(".js-plotly-plot"), layout = plot._fullLayout;
    const trace = plot._fullData[0], box = plot.getBoundingClientRect();
    const x = layout.xaxis.l2p(trace.x[0]) + layout.xaxis._offset + box.left;
    const y = layout.yaxis.l2p(trace.y[0]) + layout.yaxis._offset + box.top;
    return { x, y, row: trace.customdata[0] };
}"""


def test_what_is_selected_in_a_plane_is_ringed_where_its_chart_does_not_show_it(page, server):
    page.goto(f"{server}/embeddings?{NETWORKS}&method=PCA&network=Both&lens=40")
    expect(page.locator(".js-plotly-plot .nsewdrag").nth(1)).to_be_visible()
    finished(page)
    circle(page)
    heading = page.get_by_role("heading", name="lenses selected")
    expect(heading).to_be_visible()
    finished(page)
    first = f"selected ({heading.inner_text().split(' ')[0]})"
    page.wait_for_function(HAVE, arg=[1, first])
    assert first not in page.evaluate(NAMES, 0)
    # Then in the other plane, whose rings are of the first selection.
    circle(page, 1)
    page.wait_for_url("**selected=mae**")
    finished(page)
    second = f"selected ({heading.inner_text().split(' ')[0]})"
    for place in (0, 1):
        page.wait_for_function(HAVE, arg=[place, second])
    # Three dimensions have no lasso.
    page.get_by_role("radio", name="3-D").click()
    expect(page.get_by_text("PCA in 3 dimensions").first).to_be_visible()
    finished(page)
    for place in (0, 1):
        page.wait_for_function(HAVE, arg=[place, second])
    assert_no_error(page)


def test_a_selection_becomes_a_data_set(plane, server_home):
    circle(plane)
    heading = plane.get_by_role("heading", name="lenses selected")
    expect(heading).to_be_visible()
    finished(plane)
    count = int(heading.inner_text().split(" ")[0])
    plane.get_by_role("button", name="New data set").click()
    plane.get_by_role("textbox", name="Name", exact=True).fill("selected")
    plane.get_by_role("button", name=f"Make it of {count} lenses").click()
    expect(plane.get_by_text(f"Data set selected holds {count} lenses.")).to_be_visible()
    made = pd.read_parquet(server_home / "datasets/selected/lenses.parquet")
    assert len(made) == count
    assert set(made["origin"]) == {"lenses"}
    # The selection ends with its data set.
    plane.get_by_role("button", name="Look at it").click()
    expect(plane.get_by_text(f"{count} lenses, all splits of selected")).to_be_visible()
    finished(plane)
    expect(heading).to_have_count(0)
    assert "selected=" not in plane.url
    assert_no_error(plane)


def test_the_lens_under_the_pointer_is_shown(plane):
    card = plane.locator(".card")
    expect(card).to_be_attached()
    # A chart that is drawn anew, perhaps elsewhere, is listened to within half a second: the pointer comes until it is heard.
    for _ in range(60):
        target = plane.evaluate(FIRST_POINT)
        plane.mouse.move(target["x"] - 60, target["y"])
        plane.mouse.move(target["x"], target["y"])
        with contextlib.suppress(TimeoutError):
            card.wait_for(state="visible", timeout=1500)
            break
    expect(card.get_by_text(f"lens {target['row']}")).to_be_visible()
    assert "blob:" in card.locator(".picture").evaluate("element => element.style.backgroundImage")
    assert_no_error(plane)


def test_clicking_a_point_shows_the_lens_and_its_neighbours(plane):
    expect(plane.get_by_role("img", name="Lens 40", exact=True)).to_be_visible()
    place_of(plane.locator(".js-plotly-plot .nsewdrag").first)
    target = plane.evaluate(FIRST_POINT)
    plane.mouse.move(target["x"], target["y"])
    expect(plane.locator(".hoverlayer .hovertext").first).to_be_visible()
    plane.mouse.click(target["x"], target["y"])
    expect(plane.get_by_role("img", name=f"Lens {target['row']}", exact=True)).to_be_visible()
    expect(plane.get_by_role("heading", name="Nearest neighbours")).to_be_visible()
    finished(plane)
    assert plane.locator("canvas[role=img]").count() == 1 + 6
    # From a neighbour the walk goes on.
    neighbour = plane.locator("canvas[role=img]").nth(1)
    row = neighbour.get_attribute("aria-label").split(" ")[0]
    neighbour.click()
    expect(plane.get_by_role("img", name=f"Lens {row}", exact=True)).to_be_visible()
    assert_no_error(plane)


def test_an_uploaded_image_is_marked_in_the_plane_beside_its_neighbours(plane):
    buffer = io.BytesIO()
    np.save(buffer, simulate_lens("model_ii", "axion", seed=9).image)
    plane.get_by_role("button", name="Search by an image").click()
    plane.locator('input[type="file"]').set_input_files(
        {"name": "mine.npy", "mimeType": "application/octet-stream", "buffer": buffer.getvalue()}
    )
    expect(plane.get_by_role("img", name="mine.npy", exact=True)).to_be_visible()
    finished(plane)
    names = plane.evaluate("() => document.querySelector('.js-plotly-plot')._fullData.map((trace) => trace.name)")
    assert names[-1] == "mine.npy"
    assert_no_error(plane)


def test_lenses_are_searched_by_several_examples(plane):
    plane.get_by_role("button", name="More like it").click()
    expect(plane.get_by_role("heading", name="Most like 40")).to_be_visible()
    finished(plane)
    lens = plane.get_by_role("spinbutton", name="Lens")
    lens.fill("3")
    lens.press("Enter")
    expect(plane.get_by_role("img", name="Lens 3", exact=True)).to_be_visible()
    finished(plane)
    plane.get_by_role("button", name="Less like it").click()
    expect(plane.get_by_role("heading", name="Most like 40, least like 3")).to_be_visible()
    finished(plane)
    shown = [one.get_attribute("aria-label").split(" ")[0] for one in plane.get_by_role("img", name=" · ").all()]
    assert len(shown) >= 12
    plane.wait_for_url("**unlike=3**")
    plane.reload()
    expect(plane.get_by_role("heading", name="Most like 40, least like 3")).to_be_visible()
    finished(plane)
    assert_no_error(plane)


def test_umap_comes_from_a_job_while_pca_is_shown(page, server):
    page.goto(f"{server}/embeddings?{NETWORKS}&network=MAE&umap_seed=7")
    there = page.get_by_text("UMAP in 2 dimensions, 15 neighbours, least distance 0.1, euclidean, seed 7")
    # In a new environment UMAP is compiled first, by a job that yields to everything else.
    expect(there).to_be_visible(timeout=300_000)
    assert_no_error(page)
