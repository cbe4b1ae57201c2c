"""What following a run costs: the dashboard that shows it, and the run that tells of itself."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from pytorch_lightning.profilers import SimpleProfiler

from lensmae.data import simulate_dataset
from lensmae.errors import ConfigError
from lensmae.progress import Progress
from lensmae.training import create_run, end_now, get_run, launch, make_config, open_run
from lensmae.training.engine import train

_ROOT = Path(__file__).resolve().parents[1]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SETTLE_SECONDS = 15
_TOLD_BY = ("[Callback]Follower", "[Callback]Filmer")


@dataclass(frozen=True)
class FollowingResult:
    """Cost of following a run of the preset `fast`.

    Attributes:
        watched_s: seconds that a browser followed the run, beginning when its page had been open for a while.
        dashboard_percent: CPU of the dashboard in that time, percent of one core.
        closed_percent: of the same dashboard just after, with no page open.
        run_s: seconds of training in the other measurement, which is done without a dashboard.
        run_percent: share of them that went into heartbeat, curve and film, percent.
        steps: steps trained in it.
    """

    watched_s: float
    dashboard_percent: float
    closed_percent: float
    run_s: float
    run_percent: float
    steps: int


def following(
    progress: Progress, seconds: float = 60.0, epochs: float = 20.0, size: dict[str, int] | None = None
) -> FollowingResult:
    """Train and follow small runs in a workspace of their own, which is removed again.

    Args:
        seconds: how long the dashboard is watched.
        epochs: of the run whose own share is measured; 240 lenses, 3 steps each.
        size: options of a smaller network.
    """
    home = Path(tempfile.mkdtemp(prefix="lensmae-following-"))
    before = os.environ.get("LENSMAE_HOME")
    os.environ["LENSMAE_HOME"] = str(home)
    try:
        simulate_dataset("model_ii", "lenses", per_class=100, seed=1, jobs=1)
        progress(1, 3)
        options = {"data": "lenses", **(size or {})}
        run_s, run_percent, steps = reporting_share(make_config("pretrain", "fast", **options | {"epochs": epochs}))
        progress(2, 3)
        run = launch(make_config("pretrain", "fast", **options | {"epochs": 10_000, "save_every": 5}))
        try:
            watched, closed = _cost_of_the_dashboard(home, run, seconds)
        finally:
            end_now(run)
        progress(3, 3)
        return FollowingResult(seconds, watched, closed, run_s, run_percent, steps)
    finally:
        if before is None:
            del os.environ["LENSMAE_HOME"]
        else:
            os.environ["LENSMAE_HOME"] = before
        shutil.rmtree(home)


def reporting_share(config: object) -> tuple[float, float, int]:
    """Seconds of training, percent of them spent on heartbeat, curve and film, steps."""
    run, profiler = create_run(config), SimpleProfiler()
    train(open_run(run), profiler=profiler)
    spent = {name: sum(times) for name, times in profiler.recorded_durations.items()}
    told = sum(time for name, time in spent.items() if name.startswith(_TOLD_BY) and "on_train" in name)
    return spent["run_training_epoch"], 100 * told / spent["run_training_epoch"], get_run(run).step


def _cost_of_the_dashboard(home: Path, run: str, seconds: float) -> tuple[float, float]:
    """Percent of a core with a page that follows the run, and without a page."""
    with _dashboard(home) as (server, address), _page(f"{address}/training?run={run}") as page:
        page.locator(".js-plotly-plot").first.wait_for(timeout=300_000)
        # Opening the page is another cost than following.
        page.wait_for_timeout(1000 * _SETTLE_SECONDS)
        watched = _cpu_percent(server, lambda: page.wait_for_timeout(1000 * seconds))
        page.goto("about:blank")
        return watched, _cpu_percent(server, lambda: page.wait_for_timeout(1000 * min(seconds, 20.0)))


def _cpu_percent(process: psutil.Process, wait: Callable[[], None]) -> float:
    # The second call tells of the time since the first.
    process.cpu_percent()
    wait()
    return process.cpu_percent()


@contextlib.contextmanager
def _dashboard(home: Path) -> Iterator[tuple[psutil.Process, str]]:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port), "--server.headless", "true"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=_ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://localhost:{port}"
        while server.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).read()
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=0.2)
        yield psutil.Process(server.pid), address
    finally:
        server.terminate()
        server.wait(timeout=30)


@contextlib.contextmanager
def _page(address: str) -> Iterator[object]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ConfigError("This benchmark drives a browser: pip install -r requirements-dev.txt") from None
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        raise ConfigError("This benchmark needs Chromium or Chrome, and found none on PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(address)
        yield page
        browser.close()
