"""Real simulated lenses for all tests: one small workspace, made once a session and never changed."""

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests and those of the browser go first: a test process gets a whole file, and none is left alone with a
    long one at the end."""
    long = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def main_module():
    """Streamlit puts a page in the place of `__main__`, which a process that a later test starts would run to begin with."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def lens_home(tmp_path_factory) -> Path:
    """A workspace with the data sets `lenses` (Model II, 30 a class) and `pairs` (12 super-resolution pairs)."""
    from lensmae.data import simulate_dataset

    home = tmp_path_factory.mktemp("lens_home")
    before = os.environ.get("LENSMAE_HOME")
    os.environ["LENSMAE_HOME"] = str(home)
    try:
        simulate_dataset("model_ii", "lenses", per_class=30, seed=11, jobs=1)
        simulate_dataset("superres", "pairs", per_class=20, seed=12, jobs=1)
    finally:
        if before is None:
            del os.environ["LENSMAE_HOME"]
        else:
            os.environ["LENSMAE_HOME"] = before
    return home


@pytest.fixture
def workspace_with_lenses(lens_home, tmp_path, monkeypatch) -> Path:
    """A workspace of the test's own that sees the session's data sets; what it adds, no other test sees."""
    (tmp_path / "home/datasets").mkdir(parents=True)
    for folder in (lens_home / "datasets").iterdir():
        (tmp_path / "home/datasets" / folder.name).symlink_to(folder)
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
