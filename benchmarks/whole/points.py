"""How many points of a projection a browser without a graphics card draws, pans and colours at once."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from benchmarks.embeddings_page import RENDERER, chromium
from lensmae.errors import ConfigError
from lensmae.figures import class_scatter, value_scatter
from lensmae.progress import Progress

_CLASSES = np.array(["axion", "cdm", "no_sub"])
_PATIENCE_MS = 300_000
_SIDE = 10
# WebGL by software, which newer versions of Chromium ask to be named.
_SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
# In the page: two figures of the same points.
_SCRIPT = """
<div id="plot" style="width:1100px;height:560px"></div>
<script>
const figures = [FIRST, SECOND];
const plot = document.getElementById("plot");
const frame = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
async function draw(which) {
    const start = performance.now();
    await Plotly.react(plot, figures[which].data, figures[which].layout, {scrollZoom: true});
    await frame();
    return performance.now() - start;
}
async function mode(drag) { await Plotly.relayout(plot, {dragmode: drag}); await frame(); }
</script>
"""


@dataclass(frozen=True)
class PointsSpeed:
    """Medians over rounds.

    Attributes:
        draw_s: from the figure's numbers in the browser to the frame that shows them.
        pan_ms: from a movement of the pointer that drags the projection to the frame that shows it.
        colour_s: the same points drawn in other colours.
    """

    draw_s: float
    pan_ms: float
    colour_s: float


@dataclass(frozen=True)
class PointsResult:
    """Plotly's scattergl, as the Embeddings page uses it, alone in Chromium.

    Attributes:
        graphics: what draws WebGL.
        sizes: by number of points.
    """

    graphics: str
    sizes: dict[str, PointsSpeed]


def points(progress: Progress, sizes: tuple[int, ...] = (90_000, 200_000, 300_000, 1_000_000), rounds: int = 5) -> PointsResult:
    """Draw figures of so many points and handle them as a visitor does.

    Args:
        progress: called with (sizes done, sizes in all).
        sizes: numbers of points.
        rounds: gestures of each kind.

    Raises:
        ConfigError: where Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ConfigError("This benchmark drives a browser; install what requirements-dev.txt lists.") from None
    found = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", *_SOFTWARE])
        for done, size in enumerate(sizes):
            page = browser.new_page(viewport={"width": 1200, "height": 700})
            page.set_default_timeout(_PATIENCE_MS)
            file = Path(folder, f"{size}.html")
            file.write_text(_html(size), encoding="utf-8")
            page.goto(file.as_uri())
            graphics = str(page.evaluate(RENDERER))
            if graphics in ("None", "no WebGL"):
                raise ConfigError("This browser draws no WebGL, without which there are no points to time; try another Chromium.")
            found[str(size)] = _handled(page, rounds)
            page.close()
            progress(done + 1, len(sizes))
        browser.close()
    return PointsResult(graphics, found)


def _html(size: int) -> str:
    generator = np.random.default_rng(0)
    group = generator.integers(0, 30, size)
    middles = generator.normal(0, 5, (30, 2))
    where = (middles[group] + generator.normal(0, 0.6, (size, 2))).astype(np.float32)
    rows = np.arange(size)
    figures = class_scatter(where, _CLASSES[group % 3], rows, "UMAP"), value_scatter(where, where[:, 0], rows, "UMAP", "x")
    library = go.Figure().to_html(include_plotlyjs=True, full_html=False)
    first, second = (drawn.to_json() for drawn in figures)
    return f"<html><body>{library}{_SCRIPT.replace('FIRST', first).replace('SECOND', second)}</body></html>"


def _handled(page: Any, rounds: int) -> PointsSpeed:
    draws, colours, pans = [], [], []
    draws.append(page.evaluate("draw(0)") / 1000)
    box = page.locator("#plot .nsewdrag").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for turn in range(rounds):
        colours.append(page.evaluate(f"draw({(turn + 1) % 2})") / 1000)
        page.evaluate("mode('pan')")
        page.mouse.move(*middle)
        page.mouse.down()
        pans += [_timed(lambda step=step: _dragged(page, middle, step)) for step in range(1, _SIDE)]
        page.mouse.up()
    medians = (float(np.median(values)) for values in (draws, [1000 * pan for pan in pans], colours))
    return PointsSpeed(*medians)


def _dragged(page: Any, middle: tuple[float, float], step: int) -> None:
    page.mouse.move(middle[0] + 6 * step, middle[1] + 3 * step)
    page.evaluate("frame()")


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
