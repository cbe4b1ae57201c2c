"""Odd entries of a folder are named and left out; everything else is imported."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from lensmae.data import import_dataset, plan_import
from lensmae.data.exchange.layouts import find_layout
from lensmae.errors import DatasetError

IMAGE = np.random.default_rng(0).random((16, 16)).astype(np.float32)
_NOBODY = 65534
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes in folders and asks before it makes links")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    made = tmp_path / "data"
    (made / "cdm").mkdir(parents=True)
    for name in ("a", "b"):
        np.save(made / "cdm" / f"{name}.npy", IMAGE)
    return made


@posix
def test_pipes_links_that_lead_out_and_names_that_are_no_text_are_named_and_left_out(folder, tmp_path):
    np.save(tmp_path / "secret.npy", IMAGE)
    (tmp_path / "other").mkdir()
    np.save(tmp_path / "other/c.npy", IMAGE)
    os.mkfifo(folder / "cdm/pipe.npy")
    (folder / "cdm/out.npy").symlink_to(tmp_path / "secret.npy")
    (folder / "cdm/inside.npy").symlink_to(folder / "cdm/a.npy")
    (folder / "axion").symlink_to(tmp_path / "other")
    (folder / "cdm/gone.npy").symlink_to(folder / "cdm/nothing.npy")
    (folder / "cdm/circle.npy").symlink_to(folder / "cdm/circle.npy")
    odd = 2
    if sys.platform == "linux":
        odd = 3
        with open(os.fsencode(folder / "cdm") + b"/\xff.npy", "wb") as file:
            np.save(file, IMAGE)
    layout = find_layout(folder)
    assert sorted(layout.lenses["source_file"]) == ["cdm/a.npy", "cdm/b.npy"]
    said = dict(text.removesuffix(")").split(" (", 1) for text in layout.ignored)
    assert "leads out" in said["cdm/out.npy"]
    assert "leads out" in said["axion"]
    assert "no regular file" in said["cdm/pipe.npy"]
    assert "no regular file" in said["cdm/gone.npy"]
    assert "cdm/circle.npy" in said
    assert len(said) == 3 + odd
    assert any("cdm/pipe.npy" in warning for warning in plan_import(folder).warnings)
    assert import_dataset(folder, "new", jobs=1).dataset.info.n == 2


@contextlib.contextmanager
def ordinary_user(*folders):
    """Root may read every folder, so the test is nobody for a while, and the folders are nobody's."""
    if os.geteuid() != 0:
        yield
        return
    for folder in folders:
        os.chown(folder, _NOBODY, -1)
    # The real user too, which `os.access` asks for; the saved one leads back.
    os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@posix
@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="this system has no way to be another user for a while")
def test_a_folder_that_may_not_be_read_is_named():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cdm").mkdir()
        np.save(folder / "cdm/a.npy", IMAGE)
        (folder / "axion").mkdir(mode=0)
        with ordinary_user(folder):
            found = find_layout(folder)
        assert "axion (it is a folder that may not be read)" in found.ignored
        assert list(found.lenses["source_file"]) == ["cdm/a.npy"]


@posix
def test_a_folder_of_nothing_else_says_why_there_is_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data/x.npy")
    with pytest.raises(DatasetError, match=r"Left out: x\.npy \(it is no regular file\)"):
        find_layout(tmp_path / "data")
