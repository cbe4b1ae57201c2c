"""The Reconstruction page in a browser: patches under the pointer, and the files that come out."""

import io
import re
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image
from playwright.sync_api import expect

from lensmae.data import open_dataset
from lensmae.evaluation.reconstruction.custom_masks import read_mask
from lensmae.evaluation.reconstruction.frames import nested_masks
from lensmae.models import save_checkpoint
from lensmae.models.checkpoint import read_network
from tests.browser.conftest import NETWORKS, assert_no_error, downloaded, finished, place_of
from tests.browser.test_dashboard import picture

pytestmark = pytest.mark.browser
# The small network has patches of 8 pixels, 8 x 8 of them.
GRID = (8, 8)
# Whether all frames of the component are as large as the first.
_ONE_SIZE = """() => {
  const inside = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
    [...(one.matches(".frame") ? [one] : []), ...(one.shadowRoot ? inside(one.shadowRoot) : [])]);
  const sizes = inside(document).map((one) => one.getBoundingClientRect());
  const alike = (one) => Math.abs(one.width - sizes[0].width) < 1 && Math.abs(one.height - one.width) < 1;
  return sizes.length > 0 && sizes.every(alike);
}"""


@pytest.fixture
def bench(page, server):
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=40&ask=Files")
    expect(page.get_by_role("slider", name="Mask ratio")).to_have_value("15")
    finished(page)
    return page


def at(page, row: float, column: float, panel: int = 1) -> tuple[float, float]:
    """Where a patch lies on the screen; the first row is the lowest."""
    box = place_of(page.locator(".frame").nth(panel))
    return box["x"] + box["width"] * (column + 0.5) / 8, box["y"] + box["height"] * (1 - (row + 0.5) / 8)


def mask_in_address(page) -> np.ndarray:
    page.wait_for_url(re.compile("mask="))
    return read_mask(parse_qs(urlparse(page.url).query)["mask"][0], GRID)


@pytest.fixture
def lens(lens_home, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(lens_home))
    return np.array(open_dataset("lenses").images[40])


def test_a_click_on_a_patch_flips_it_and_a_box_hides_patches(bench, lens):
    start = nested_masks(lens, 8, 0)[15]
    row, column = np.argwhere(~start)[0]
    before = picture(bench, "Masked")
    bench.mouse.click(*at(bench, row, column))
    expect(bench.locator("dd").first).to_have_text("49 of 64")
    expected = start.copy()
    expected[row, column] = True
    np.testing.assert_array_equal(mask_in_address(bench), expected)
    assert picture(bench, "Masked") != before
    finished(bench)
    bench.get_by_role("button", name="Show all").click()
    expect(bench.locator("dd").first).to_have_text("0 of 64")
    bench.mouse.move(*at(bench, 1, 2))
    bench.mouse.down()
    bench.mouse.move(*at(bench, 3, 3), steps=4)
    bench.mouse.up()
    expect(bench.locator("dd").first).to_have_text("6 of 64")
    assert np.argwhere(mask_in_address(bench)).tolist() == [[r, c] for r in (1, 2, 3) for c in (2, 3)]
    finished(bench)
    assert_no_error(bench)


# A click as a script makes it, and what the canvas shows before anything else can happen: whether the patch is hatched.
TURNED = """([frame, x, y]) => {
    const box = frame.getBoundingClientRect(), canvas = frame.querySelector("canvas");
    const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, pointerId: 1, button: 0 };
    frame.setPointerCapture = () => {};
    for (const kind of ["pointerdown", "pointerup"]) frame.dispatchEvent(new PointerEvent(kind, at));
    return canvas.getContext("2d").getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data[3] === 0;
}"""
HATCHED = """([frame, x, y]) => {
    const canvas = frame.querySelector("canvas");
    return canvas.getContext("2d").getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data[3] === 0;
}"""


def test_a_patch_turns_over_at_once_and_back_where_it_may_not(page, server):
    # All patches but the first are hidden; the first row is the lowest.
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=40&ask=Files&strategy=Own&mask=7fffffffffffffff")
    expect(page.locator("dd").first).to_have_text("63 of 64")
    finished(page)
    frame = page.locator(".frame").nth(1).element_handle()
    other, last = [frame, 5.5 / 8, 1 - 4.5 / 8], [frame, 0.5 / 8, 1 - 0.5 / 8]
    assert page.evaluate(HATCHED, other)
    assert not page.evaluate(TURNED, other)
    expect(page.locator("dd").first).to_have_text("62 of 64")
    finished(page)
    assert page.evaluate(TURNED, other)
    expect(page.locator("dd").first).to_have_text("63 of 64")
    finished(page)
    # The last visible patch stays visible.
    assert page.evaluate(TURNED, last)
    expect(page.get_by_text("at least one patch visible")).to_be_visible()
    page.wait_for_function(f"(place) => !({HATCHED})(place)", arg=last)
    expect(page.locator("dd").first).to_have_text("63 of 64")


def test_a_link_reopens_an_own_mask_and_the_slider_comes_back_with_a_strategy(page, server):
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=40&ask=Files&strategy=Own&mask=f000000000000001&ratio=0.5")
    expect(page.locator("dd").first).to_have_text("5 of 64")
    finished(page)
    page.get_by_role("radio", name="Random").or_(page.get_by_role("button", name="Random", exact=True)).first.click()
    expect(page.get_by_role("slider", name="Mask ratio")).to_have_value("10")
    expect(page.locator("dd").first).to_have_text("32 of 64")
    finished(page)
    assert "mask=" not in page.url
    assert_no_error(page)


def test_keys_step_the_slider_and_ask_for_another_mask(bench):
    bench.locator(".frame").first.focus()
    bench.keyboard.press("[")
    expect(bench.locator("dd").first).to_have_text("45 of 64")
    masked = picture(bench, "Masked")
    finished(bench)
    bench.keyboard.press("m")
    bench.wait_for_url("**seed=**")
    finished(bench)
    expect(bench.locator("dd").first).to_have_text("45 of 64")
    assert picture(bench, "Masked") != masked


def test_the_downloaded_fits_holds_what_is_shown(bench, lens):
    with fits.open(io.BytesIO(downloaded(bench, "FITS", exact=True))) as units:
        hidden = np.kron(nested_masks(lens, 8, 0)[15], np.ones((8, 8))).astype(bool)
        np.testing.assert_array_equal(units["ORIGINAL"].data, lens)
        np.testing.assert_array_equal(units["HIDDEN"].data.astype(bool), hidden)
        np.testing.assert_array_equal(units["COMPOSITE"].data, np.where(hidden, units[0].data, lens))
        np.testing.assert_allclose(units["ERROR"].data, units[0].data - lens, atol=1e-6)
        error = np.square(units["ERROR"].data[hidden] / np.ptp(lens)).mean()
        header = dict(units[0].header)
    shown = float(bench.locator("dd").nth(1).inner_text())
    assert error == pytest.approx(shown, rel=0.01)
    assert (header["CHECKPT"], header["LENS"], header["MASKFRAC"], header["PATCH"]) == ("small-mae", 40, 0.75, 8)
    assert header["PIXSCALE"] == pytest.approx(0.101)


def test_the_npy_the_gif_and_the_png_open_again(bench, lens):
    stack = np.load(io.BytesIO(downloaded(bench, "npy", exact=True)), allow_pickle=False)
    assert stack.shape == (5, 64, 64)
    np.testing.assert_array_equal(stack[1], lens)
    film = Image.open(io.BytesIO(downloaded(bench, "GIF over the mask ratio", exact=True)))
    assert film.n_frames == 20
    with bench.expect_download() as download:
        bench.locator(".save").click()
    sheet = Image.open(download.value.path())
    assert sheet.format == "PNG"
    assert sheet.width == 4 * 400 + 16


def test_two_networks_stand_above_each_other_on_one_scale_with_their_difference(page, server, server_home):
    second = server_home / "checkpoints/second-mae.safetensors"
    if not second.is_file():
        card, network = read_network(server_home / "checkpoints/small-mae.safetensors")
        network.decoder.head.bias.data += 0.2
        save_checkpoint(second, card, network)
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=40&ask=Files&versus=second-mae")
    expect(page.get_by_role("img", name="small-mae − second-mae")).to_be_visible()
    finished(page)
    upper, lower = (
        place_of(page.get_by_role("img", name=f"Prediction · {name}", exact=True)) for name in ("small-mae", "second-mae")
    )
    assert (upper["x"], upper["width"]) == (lower["x"], lower["width"])
    assert upper["y"] < lower["y"]
    # The swipe frame, whose titles are menus of long names, is as large as the others.
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        frames = page.locator(".frame")
        expect(frames).to_have_count(12)
        page.wait_for_function(_ONE_SIZE)
    page.set_viewport_size({"width": 1440, "height": 1000})
    # The ends of the scale stand in the caption of a measure.
    errors = [page.get_by_role("img", name=f"Error of each patch · {name}", exact=True) for name in ("small-mae", "second-mae")]
    scales = [page.get_by_role("figure").filter(has=error).locator("figcaption i").inner_text() for error in errors]
    assert scales[0] == scales[1] != ""
    assert_no_error(page)


def test_a_network_that_knows_smooth_lenses_can_be_asked_instead(page, server):
    page.goto(f"{server}/reconstruction?{NETWORKS}&lens=40&ask=Anomaly")
    page.get_by_role("button", name="Ask mae-no-sub instead").click()
    expect(page.get_by_text("It was trained on lenses without substructure only")).to_be_visible()
    page.wait_for_url("**mae=mae-no-sub**")
    finished(page)
    assert_no_error(page)
