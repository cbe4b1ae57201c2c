"""Every page for those who see little, use no mouse, or hold a tablet: axe-core's rules, focus that is seen, nothing cut."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NETWORKS, assert_no_error, finished, visiting
from tests.titles import PATHS

pytestmark = pytest.mark.browser

# While a page computes, Streamlit fades what may change; contrast is judged at rest. Fading back takes no time here.
_SUDDEN = "*, *::before, *::after { transition: none !important; }"
_WATCH = """() => {
  const moved = () => { window.moved = true; };
  const attributeFilter = ['data-stale', 'data-test-script-state'];
  new MutationObserver(moved).observe(document, { attributes: true, attributeFilter, subtree: true });
}"""
_AT_REST = """() => {
  window.moved = false;
  return !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]')
    && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === 'notRunning';
}"""
# Streamlit follows the system's theme.
_IS = """(theme) => {
  const [red] = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor.match(/\\d+/g).map(Number);
  return (red < 128) === (theme === 'dark');
}"""
# Text that reaches over the right edge of the window. What scrolls by itself (a table, tabs, code) may be wider than it is.
_CUT = """() => [...document.querySelectorAll('[data-testid="stMain"] *')].filter((element) => {
  const place = element.getBoundingClientRect();
  const said = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!said || !place.width || place.right <= innerWidth + 1) return false;
  return !element.closest('[data-testid="stDataFrame"], [role="tablist"], pre, .js-plotly-plot');
}).map((element) => element.textContent.trim().slice(0, 60))"""
_WIDER = (
    """() => { const main = document.querySelector('[data-testid="stMain"]'); return main.scrollWidth - main.clientWidth; }"""
)
# What outline, shadow and border say with the focus and do not say without it, on the element or closely around it.
_SEEN_FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  // A field of text has its caret.
  if (!element || element === document.body || element.matches('input[type="text"], input[type="number"]')) return null;
  const around = [element, element.nextElementSibling].filter(Boolean);
  for (let one = element.parentElement; one && around.length < 6; one = one.parentElement) around.push(one);
  const look = () => around.map((one) => {
    const { outlineStyle, outlineWidth, boxShadow, borderTopColor } = getComputedStyle(one);
    return [outlineStyle, outlineWidth, boxShadow, borderTopColor].join();
  }).join();
  const focused = look();
  element.blur();
  const without = look();
  element.focus();
  return { seen: focused !== without, what: element.outerHTML.slice(0, 160) };
}"""


@pytest.fixture(scope="module", params=PATHS)
def visited(request, context, server) -> Iterator[Page]:
    """Every page in turn, opened by a link, drawn to its end and at rest; the tests below look at it one after the other."""
    with visiting(context, server) as page:
        opened(page, server, request.param)
        yield page


def opened(page: Page, server: str, path: str) -> None:
    """A page, drawn to its end."""
    page.goto(f"{server}/{path}?{NETWORKS}&lens=40&method=PCA")
    expect(page.get_by_role("heading", level=1, name=PATHS[path])).to_be_visible()
    finished(page)


def violations(page: Page) -> list[dict]:
    """What axe-core says of a page, from a moment in which nothing on it was computed."""
    page.add_style_tag(content=_SUDDEN)
    page.evaluate(_WATCH)
    for _ in range(50):
        page.wait_for_function(_AT_REST)
        found = Axe().run(page).response["violations"]
        if not page.evaluate("window.moved"):
            return found
    raise AssertionError("The page did not come to rest.")


def test_a_link_opens_every_page_without_an_error(visited):
    assert_no_error(visited)
    expect(visited.get_by_test_id("stSidebar").get_by_label("Lens", exact=True)).to_have_value("40")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_breaks_a_serious_rule_of_axe_or_skips_a_level_of_headings(visited, theme):
    visited.set_viewport_size({"width": 1440, "height": 1000})
    visited.emulate_media(color_scheme=theme)
    visited.wait_for_function(_IS, arg=theme)
    serious = [
        (rule["id"], node["target"], node["failureSummary"])
        for rule in violations(visited)
        if rule["impact"] in ("serious", "critical") or rule["id"] == "heading-order"
        for node in rule["nodes"]
    ]
    assert serious == []


def test_no_text_is_cut_on_a_tablet_or_a_phone(visited):
    for width in (820, 390):
        visited.set_viewport_size({"width": width, "height": 1000})
        # Figures and the component's grids are laid out anew, in their own time.
        visited.wait_for_function(f"() => ({_CUT})().length === 0 && ({_WIDER})() <= 0", timeout=30_000)


def test_the_keyboard_shows_where_it_is(page, server):
    opened(page, server, "")
    expect(page.get_by_role("slider", name="Mask ratio")).to_be_visible()
    page.add_style_tag(content=_SUDDEN)
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(_SEEN_FOCUS))
    assert [one["what"] for one in reached if one and not one["seen"]] == []
    assert any("range" in one["what"] for one in reached if one)


def test_all_panels_of_a_figure_have_texts_that_can_be_read(page, server):
    page.goto(
        f"{server}/classification?{NETWORKS}&classifier=classifier&view=Robustness".replace("classifier=small-classifier&", "")
    )
    page.locator(".x3tick > text").first.wait_for()
    finished(page)
    texts = page.locator('.js-plotly-plot :is([class$="tick"] > text, .ytitle, .y4title)')
    colours = texts.evaluate_all("(texts) => [...new Set(texts.map((one) => getComputedStyle(one).fill))]")
    assert colours == ["rgb(61, 67, 79)"]
