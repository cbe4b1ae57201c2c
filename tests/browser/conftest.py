"""A real server and a real Chromium, started once a session."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Locator, Page, TimeoutError, expect, sync_playwright

from tests.models import save_small_networks

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = "mae=small-mae&classifier=small-classifier&superres=small-superres&data=lenses"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The machine may be busy with other work; a page that is right but late is not what these tests look for.
_PATIENCE_MS = 90_000
# After a click that came to nothing, a visitor clicks again.
_CLICK_MS = 20_000
# A picture on Streamlit's server, as the browser's and the client's complaints name it.
_PICTURE = re.compile(r"http://localhost:\d+/media/\w+\.(?:jpe?g|png|gif|webp|svg)\b")


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def chromium():
    path = _chromium()
    if path is None:
        pytest.skip("No Chromium or Chrome on this machine (looked on PATH and at $CHROMIUM).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server_home(lens_home, tmp_path_factory) -> Path:
    """A workspace with small data sets and small networks, which the server may add to."""
    home = tmp_path_factory.mktemp("browser_home")
    (home / "datasets").mkdir()
    for folder in (lens_home / "datasets").iterdir():
        (home / "datasets" / folder.name).symlink_to(folder)
    save_small_networks(home)
    return home


@pytest.fixture(scope="session")
def server(server_home) -> str:
    """Address of a dashboard on that workspace."""
    with serve("dashboard.py", server_home) as address:
        yield address


@contextlib.contextmanager
def serve(script: str, home: Path) -> Iterator[str]:
    """Address of a Streamlit server of its own that runs a script of the repository on the workspace `home`."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), "--server.headless", "true"]
    with serving(command, port, home, cwd=ROOT, PYTHONPATH=str(ROOT)) as address:
        yield address


@contextlib.contextmanager
def serving(command: list[str], port: int, home: Path, cwd: Path, base: str = "", **environment: str) -> Iterator[str]:
    """Address of the server that a command starts; it ends with the block."""
    environment = os.environ | {"LENSMAE_HOME": str(home), "OMP_NUM_THREADS": "1"} | environment
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=log, stderr=subprocess.STDOUT)
        address = f"http://localhost:{port}"
        try:
            _await(f"{address}{base}/_stcore/health", process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=120)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def _await(address: str, process: subprocess.Popen) -> None:
    """Until the server answers; its own end is an error."""
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "The server ended before it answered."
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).read()
            return
        # The server offers nothing to wait on before it listens.
        process_wait(process)
    raise AssertionError("The server did not answer within 60 s.")


def process_wait(process: subprocess.Popen) -> None:
    """A moment, shorter where the process ends."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.2)


class Console:
    """What a page complained about: console errors, uncaught exceptions, requests to other hosts.

    On a link to a page, Streamlit's client looks for its server below that page's address first, and the browser notes two 404s;
    they are kept apart as `probes`. The server forgets pictures when a rerun shows others, also those that a browser with much to
    do has not asked for yet; what it notes then is kept apart as `forgotten`, by address: wrong only where the picture is shown.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.complaints: list[str] = []
        self.probes: list[str] = []
        self.forgotten: set[str] = set()
        page.on("console", lambda message: self._said(message))
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("request", lambda request: self._asked(request.url, address))

    def _said(self, message) -> None:
        place = message.location.get("url", "")
        if message.type != "error":
            return
        if picture := _PICTURE.search(f"{message.text} {place}"):
            self.forgotten.add(picture[0])
            return
        probe = place.endswith(("/_stcore/health", "/_stcore/host-config"))
        (self.probes if probe else self.complaints).append(f"console: {message.text} ({place})")

    def _asked(self, url: str, address: str) -> None:
        if url.startswith("http") and not url.startswith(address):
            self.complaints.append(f"asked another host: {url}")


@pytest.fixture(scope="session")
def context(chromium) -> Iterator[BrowserContext]:
    """The browser in which all visitors open their pages: Streamlit's scripts, which take it longer than a page, are fetched and
    compiled once."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, color_scheme="light")
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    yield context
    context.close()


@contextlib.contextmanager
def visiting(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page of a visitor who has not been here, with `page.console` listening; nothing of it is kept."""
    before, opened = context.pages, context.new_page()
    opened.console = Console(opened, address)
    try:
        yield opened
    finally:
        if opened.url.startswith("http"):
            opened.evaluate("localStorage.clear()")
        context.clear_cookies()
        # The visitor may have opened others.
        for one in set(context.pages).difference(before):
            one.close()


@pytest.fixture
def page(context, server):
    """A fresh visitor."""
    with visiting(context, server) as opened:
        yield opened


def finished(page: Page) -> None:
    """Wait until the script of the page has run to its end."""
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()


def assert_no_error(page: Page) -> None:
    """No error element on the page, nothing in the console, and no picture shown that the server does not have."""
    errors = page.locator('[data-testid="stAlertContentError"], [data-testid="stException"]')
    assert errors.all_inner_texts() == []
    assert page.console.complaints == []
    assert page.console.forgotten.isdisjoint(page.locator("img").evaluate_all("(shown) => shown.map((one) => one.src)"))


def place_of(element: Locator) -> dict[str, float]:
    """Where an element lies on the screen (x, y, width, height in CSS pixels), in view and at rest.

    A rerun may put another element in its place at any moment: then that one is looked for.
    """
    before = None
    for _ in range(100):
        try:
            element.scroll_into_view_if_needed()
            element.evaluate("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
            place = element.bounding_box()
        except Error as problem:
            if "not attached" not in problem.message and "detached" not in problem.message:
                raise
            place = None
        if place is not None and place == before:
            return place
        before = place
    raise AssertionError("The element did not come to rest.")


def downloaded(page: Page, name: str, *, exact: bool = False) -> bytes:
    """What the button with this name hands out.

    A rerun gives every button a new file to ask for. Until the browser has drawn it, an old button may stand beside it, and a
    click asks for a file that the server has forgotten: Streamlit then says so at the button, and a visitor clicks again.
    """
    button = page.get_by_role("button", name=name, exact=exact)
    with contextlib.suppress(TimeoutError):
        return _handed_out(page, button, _CLICK_MS)
    return _handed_out(page, button, _PATIENCE_MS)


def _handed_out(page: Page, button: Locator, patience_ms: int) -> bytes:
    finished(page)
    expect(button).to_have_count(1)
    with page.expect_download(timeout=patience_ms) as download:
        button.click()
    return download.value.path().read_bytes()
