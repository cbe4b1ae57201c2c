"""What a visitor waits for on the Reconstruction page, in a real browser: a slider's new picture, a click's new mask."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from lensmae.errors import ConfigError
from lensmae.progress import Progress

_DASHBOARD = Path(__file__).resolve().parents[1] / "dashboard.py"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
_PATIENCE_MS = 300_000
# A key every so often: faster than a hand that looks at what it does.
_PAUSE_MS = 150

# Time from a trusted event to the paint after it: the frame that follows, and a task after that frame.
_TIMER = """(element) => {
    const root = element.getRootNode();
    window.lensTimes = [];
    window.maskTimes = [];
    const painted = (from, times = window.lensTimes) =>
        requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - from)));
    root.addEventListener("input", (event) => painted(event.timeStamp));
    let released = null;
    root.addEventListener("pointerup", (event) => {
        released = event.timeStamp;
        painted(released, window.maskTimes);
    }, true);
    new MutationObserver(() => {
        if (released === null) return;
        painted(released);
        released = null;
    }).observe(root.querySelector(".readouts"), { childList: true });
}"""


@dataclass(frozen=True)
class SliderResult:
    """Milliseconds from the browser's input event to the paint that shows what came of it.

    Attributes:
        moves: steps of the mask-ratio slider, by key; the pictures of all ratios are in the browser.
        median_ms, p95_ms: of a step.
        clicks: clicks on patches; each goes to the server, which reconstructs the lens under the new mask.
        mask_median_ms, mask_p95_ms: until the patch is turned over in the mask, which the browser does.
        click_median_ms, click_p95_ms: until the reconstruction is there.
        checkpoint: that redrew.
        browser: name and version.
    """

    moves: int
    median_ms: float
    p95_ms: float
    clicks: int
    mask_median_ms: float
    mask_p95_ms: float
    click_median_ms: float
    click_p95_ms: float
    checkpoint: str
    browser: str


def slider(progress: Progress, moves: int = 100, clicks: int = 40, checkpoint: str = "mae") -> SliderResult:
    """Drive the Reconstruction page of a server of its own, on a workspace of its own, with real key presses and clicks."""
    playwright = _playwright()
    total = moves + clicks
    with tempfile.TemporaryDirectory() as home, served_dashboard(home) as address, playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(_PATIENCE_MS)
        # Files start no background work, which would compete for the processor.
        page.goto(f"{address}/reconstruction?mae={checkpoint}&ask=Files")
        handle = page.get_by_role("slider", name="Mask ratio")
        handle.wait_for()
        _idle(page)
        handle.evaluate(_TIMER)
        steps = _moves(page, handle, moves, lambda done: progress(done, total))
        masks, waits = _clicks(page, clicks, lambda done: progress(moves + done, total))
        version = f"{browser.browser_type.name} {browser.version}"
        browser.close()
    figures = [float(value) for times in (steps, masks, waits) for value in (np.median(times), np.percentile(times, 95))]
    return SliderResult(moves, *figures[:2], clicks, *figures[2:], checkpoint, version)


def _moves(page: Any, handle: Any, moves: int, progress: Callable[[int], None]) -> list[float]:
    handle.focus()
    for done in range(moves):
        # Up and down the middle of the scale, so that every press moves it.
        page.keyboard.press("ArrowLeft" if done // 8 % 2 == 0 else "ArrowRight")
        page.wait_for_timeout(_PAUSE_MS)
        progress(done + 1)
    return _times(page, moves)


def _clicks(page: Any, clicks: int, progress: Callable[[int], None]) -> tuple[list[float], list[float]]:
    """Until the mask, and until the reconstruction is drawn."""
    frame = page.locator(".frame").nth(1)
    masks, times = [], []
    for done, (x, y) in enumerate(np.random.default_rng(0).uniform(0.1, 0.9, (clicks + 1, 2))):
        _idle(page)
        page.evaluate("window.lensTimes = []; window.maskTimes = []")
        # Measured anew: the slider goes with the first click, and the pictures move up.
        box = frame.bounding_box()
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        times += _times(page, 1)[:1]
        masks += page.evaluate("window.maskTimes")[:1]
        progress(done)
    # The first click also turns the strategy to the visitor's own; it is not counted.
    return masks[1:], times[1:]


def _times(page: Any, count: int) -> list[float]:
    page.wait_for_function("count => window.lensTimes.length >= count", arg=count)
    return page.evaluate("window.lensTimes")


def _idle(page: Any) -> None:
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def _playwright() -> Callable[[], Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as problem:
        raise ConfigError(
            "This benchmark drives a browser and needs Playwright: pip install -r requirements-dev.txt."
        ) from problem
    return sync_playwright


def chromium() -> str:
    """Path of Chromium: $CHROMIUM, or what the system has. Raises `ConfigError` where there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise ConfigError("This benchmark needs Chromium or Chrome on the PATH, or its path in the variable CHROMIUM.")
    return found


@contextlib.contextmanager
def served_dashboard(home: str) -> Iterator[str]:
    """Address of a dashboard of its own on the workspace `home`."""
    if not _DASHBOARD.is_file():
        raise ConfigError(f"This benchmark starts the dashboard from a source tree; there is no {_DASHBOARD}.")
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", _DASHBOARD.name, "--server.port", str(port), "--server.headless", "true"]
    environment = os.environ | {"LENSMAE_HOME": home, "PYTHONPATH": str(_DASHBOARD.parent)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=_DASHBOARD.parent, env=environment, stdout=quiet, stderr=quiet)
    try:
        _await(f"http://localhost:{port}/_stcore/health", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def served_process(address: str) -> psutil.Process:
    """The child of this process that serves a dashboard at an address. Raises `ConfigError` where there is none."""
    port = address.rpartition(":")[2]
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if port in child.cmdline():
                return child
    raise ConfigError(f"No dashboard serves {address} any more; start it by hand to see why it ended.")


def _await(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ConfigError("The dashboard ended before it answered; start it by hand to see why.")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).read()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
    raise ConfigError("The dashboard did not answer.")
