"""The dashboard without a browser: Streamlit's AppTest on a workspace with small data sets and small networks."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from lensmae.app.jobs.board import board
from lensmae.data import open_dataset
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.references import save_reference
from lensmae.models import load_checkpoint
from lensmae.models.registry import reference_path
from tests.models import save_small_networks

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"mae": "small-mae", "classifier": "small-classifier", "superres": "small-superres"}


@pytest.fixture(autouse=True)
def pages_by_navigation(monkeypatch):
    """AppTest forgets after each run that `st.navigation` rules, and would run a page without dashboard.py; a server does not."""
    original = PagesManager.__init__

    def init(self, *args, **options):
        PagesManager.uses_pages_directory = False
        original(self, *args, **options)

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture(autouse=True)
def no_job_left():
    """What a test asked for in the background, as the enlargement of a large image, must not take the processor from the next."""
    yield
    board().clear()


@pytest.fixture
def home(workspace_with_lenses):
    """A workspace with lenses, pairs and small networks."""
    save_small_networks(workspace_with_lenses)
    return workspace_with_lenses


@pytest.fixture
def open_app():
    """Open the dashboard, or one of its pages, at an address."""

    def opened(page: str | None = None, **address: str) -> AppTest:
        app = AppTest.from_file(ROOT / "dashboard.py", default_timeout=120)
        app.query_params.update(address)
        app.run()
        return app.switch_page(f"pages/{page}.py").run() if page else app

    return opened


def fit_domain(home: Path, factor: float, kind: str = "classifier") -> None:
    """A reference of the small network of a kind, fitted to `lenses`, with limits that are `factor` times the true ones."""
    path = home / f"checkpoints/small-{kind}.safetensors"
    known = fit_reference(load_checkpoint(path), open_dataset("lenses"), 30, 9)
    save_reference(reference_path(path), replace(known, distances=known.distances * factor, errors=known.errors * factor))


def texts(elements) -> str:
    """All texts of a kind of element as a visitor reads them: escapes are for Markdown."""
    shown = "\n".join(str(element.value) for element in elements)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown).replace("\u2060", "")


def assert_clean(app: AppTest) -> None:
    """No error message and no exception on the page."""
    assert not app.exception, texts(app.exception)
    assert not app.error, texts(app.error)
