"""The Embeddings page with 90,000 lenses in a real Chromium: how soon it answers, how much it sends, how fast a lasso is."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap

from lensmae.data import LensDataset, open_dataset, simulate_dataset
from lensmae.data.store.dataset import summarise, write_table
from lensmae.data.symmetry import D4_ORDER, apply_d4
from lensmae.data.transforms import Transform
from lensmae.errors import ConfigError
from lensmae.evaluation import Projection, embed_dataset, project
from lensmae.models import CheckpointCard, load_checkpoint, save_checkpoint
from lensmae.models.checkpoint import build_network
from lensmae.progress import Progress

_ROOT = Path(__file__).resolve().parents[1]
_ENCODER = {"image_size": 64, "patch_size": 16, "emb_dim": 64, "layers": 2, "heads": 2}
_PATIENCE_MS = 180_000
_PLOT = ".js-plotly-plot .nsewdrag"
_QUERY = "data=turned&classifier=small&network=Fine-tuned&method=PCA&most=all&pointer=Lasso"
RENDERER = """() => {
    const gl = document.createElement("canvas").getContext("webgl");
    const more = gl && gl.getExtension("WEBGL_debug_renderer_info");
    return gl ? gl.getParameter(more ? more.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "no WebGL";
}"""
_READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@dataclass(frozen=True)
class EmbeddingsPageResult:
    """The page with everything cached on the server, which shares the machine with the browser; medians over visits.

    Attributes:
        lenses: points in the projection.
        visits: how often it was opened, and a lasso drawn.
        interactive_s: from the request to the drawn projection on a page whose script has ended, in a browser that has been there
            before and so has Streamlit's and Plotly's scripts.
        first_visit_s: the same in a browser that has not.
        switch_s: the same from the click in the sidebar of another page.
        graphics: what the browser draws WebGL with; without a graphics card that is software on the same cores.
        payload_mb: what the server's application sends for the page (messages on its web socket), 10^6 bytes.
        selected: lenses in the lasso.
        lasso_ms: from the browser's message that a lasso was drawn to the server's last answer, the gallery among them.
    """

    lenses: int
    visits: int
    interactive_s: float
    first_visit_s: float
    switch_s: float
    graphics: str
    payload_mb: float
    selected: int
    lasso_ms: float


def embeddings_page(progress: Progress, per_class: int = 3750, visits: int = 5) -> EmbeddingsPageResult:
    """Make the lenses, embed and project them, start the dashboard, open its page, draw a lasso.

    The lenses are `per_class` simulated Model II lenses a class, each in the eight orientations of the square; the embeddings are
    those of an untrained network of two layers (64 dimensions), projected by PCA. Time does not depend on what a network has
    learned.

    Raises:
        ConfigError: where Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ConfigError("This benchmark drives a browser; install what requirements-dev.txt lists.") from None
    before = os.environ.get("LENSMAE_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["LENSMAE_HOME"] = home
        try:
            count = _prepare(Path(home), per_class, progress)
            with _server() as address, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
                # The first visitor starts the networks and fills the server's caches.
                _Visitor(browser, address).visit()
                first = [_Visitor(browser, address).visit()[0] for _ in range(visits)]
                visitor = _Visitor(browser, address)
                visitor.visit()
                found = [(*visitor.visit(), visitor.switch()) for _ in range(visits)]
                graphics = visitor.graphics()
                browser.close()
        finally:
            os.environ.pop("LENSMAE_HOME") if before is None else os.environ.update(LENSMAE_HOME=before)
    interactive, payload, lasso, selected, switch = (float(np.median(values)) for values in zip(*found, strict=True))
    return EmbeddingsPageResult(
        lenses=count,
        visits=visits,
        interactive_s=interactive,
        first_visit_s=float(np.median(first)),
        switch_s=switch,
        graphics=graphics,
        payload_mb=payload,
        selected=int(selected),
        lasso_ms=lasso,
    )


def _prepare(home: Path, per_class: int, progress: Progress) -> int:
    """Lenses, network, embeddings and projection in the workspace; how many lenses."""
    base = simulate_dataset("model_ii", "base", per_class, seed=0, device="cpu", progress=progress)
    dataset = _turned(base, home / "datasets" / "turned")
    torch.manual_seed(0)
    architecture = {"encoder": _ENCODER, "classes": 3}
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=base.info.classes)
    save_checkpoint(home / "checkpoints" / "small.safetensors", card, build_network("classifier", architecture))
    embedded = embed_dataset(load_checkpoint("small"), dataset, np.arange(dataset.info.n), progress)
    project(embedded, Projection("pca"))
    return dataset.info.n


def _turned(base: LensDataset, folder: Path) -> LensDataset:
    """A data set of every lens of another in all eight orientations."""
    folder.mkdir()
    count = base.info.n
    images = open_memmap(folder / "images.npy", mode="w+", dtype=np.float32, shape=(D4_ORDER * count, *base.info.shape))
    for element in range(D4_ORDER):
        images[element * count : (element + 1) * count] = apply_d4(torch.from_numpy(np.array(base.images)), element).numpy()
    images.flush()
    tables = [base.lenses.assign(id=base.lenses["id"] + f"_{element}", orientation=element) for element in range(D4_ORDER)]
    lenses = pd.concat(tables, ignore_index=True)
    facts: dict[str, Any] = {"preset": None, "seed": None, "pixel_scale": base.info.pixel_scale, "flux_unit": base.info.flux_unit}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    info = summarise(folder.name, lenses, {"images": images}, classes=base.info.classes, created=created, **facts)
    write_table(folder, info, lenses)
    return open_dataset(folder.name)


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port), "--server.headless", "true"]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                break
            time.sleep(0.2)
        else:
            raise ConfigError("The dashboard did not start; `streamlit run dashboard.py` says why.")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def chromium() -> str:
    """Path of a Chromium or Chrome. Raises `ConfigError` where there is none."""
    import shutil

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise ConfigError("This benchmark drives a browser; install Chromium or Chrome, or name it in $CHROMIUM.")
    return found


class _Visitor:
    """A browser of its own, with an empty cache."""

    def __init__(self, browser: Any, address: str) -> None:
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        context.set_default_timeout(_PATIENCE_MS)
        self._address = f"{address}/embeddings?{_QUERY}"
        self._page = context.new_page()
        self._sent: list[tuple[float, int]] = []
        self._received: list[tuple[float, int]] = []
        self._page.on("websocket", self._listen)

    def visit(self) -> tuple[float, float, float, int]:
        """Open the page and draw a lasso: seconds, megabytes, milliseconds, lenses selected."""
        self._page.goto("about:blank")
        self._received.clear()
        start = time.perf_counter()
        self._page.goto(self._address)
        interactive = self._drawn(start)
        payload = sum(size for _, size in self._received) / 1e6
        self._page.wait_for_timeout(500)
        self._sent.clear()
        self._received.clear()
        _lasso(self._page)
        heading = self._page.get_by_role("heading", name="lenses selected")
        heading.wait_for()
        self._page.locator(_READY).wait_for()
        selected = int(heading.inner_text().split(" ")[0].replace(",", ""))
        return interactive, payload, 1000 * (self._received[-1][0] - self._sent[0][0]), selected

    def switch(self) -> float:
        """Seconds from a click on the page's name on another page."""
        self._page.get_by_role("link", name="Data", exact=True).click()
        self._page.get_by_role("heading", name="Data", exact=True).wait_for()
        self._page.locator(_READY).wait_for()
        start = time.perf_counter()
        self._page.get_by_role("link", name="Embeddings", exact=True).click()
        return self._drawn(start)

    def graphics(self) -> str:
        """What WebGL is drawn with, in the browser's words."""
        return str(self._page.evaluate(RENDERER))

    def _drawn(self, start: float) -> float:
        self._page.locator(_PLOT).first.wait_for()
        self._page.locator(_READY).wait_for()
        return time.perf_counter() - start

    def _listen(self, socket: Any) -> None:
        socket.on("framesent", lambda data: self._sent.append((time.perf_counter(), len(data))))
        socket.on("framereceived", lambda data: self._received.append((time.perf_counter(), len(data))))


def _lasso(page: Any) -> None:
    """Around the middle of the projection."""
    box = page.locator(_PLOT).first.bounding_box()
    corners = [(0.45, 0.4), (0.6, 0.4), (0.6, 0.6), (0.45, 0.6), (0.45, 0.41)]
    corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=3)
    page.mouse.up()
