"""Odd entries of a folder are named and left out; everything else is imported."""

import os
import sys

import numpy as np
import pytest

from lensmae.data import import_dataset, plan_import
from lensmae.data.exchange.layouts import find_layout
from lensmae.errors import DatasetError

IMAGE = np.random.default_rng(0).random((16, 16)).astype(np.float32)
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
    odd = 1
    if sys.platform == "linux":
        odd = 2
        with open(os.fsencode(folder / "cdm") + b"/\xff.npy", "wb") as file:
            np.save(file, IMAGE)
    layout = find_layout(folder)
    assert sorted(layout.lenses["source_file"]) == ["cdm/a.npy", "cdm/b.npy", "cdm/inside.npy"]
    said = dict(text.removesuffix(")").split(" (", 1) for text in layout.ignored)
    assert "leads out" in said["cdm/out.npy"]
    assert "leads out" in said["axion"]
    assert "no regular file" in said["cdm/pipe.npy"]
    assert "no regular file" in said["cdm/gone.npy"]
    assert len(said) == 3 + odd
    assert any("cdm/pipe.npy" in warning for warning in plan_import(folder).warnings)
    assert import_dataset(folder, "new", jobs=1).dataset.info.n == 3


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_named(folder):
    (folder / "axion").mkdir(mode=0)
    assert "axion (it is a folder that may not be read)" in find_layout(folder).ignored


@posix
def test_a_folder_of_nothing_else_says_why_there_is_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data/x.npy")
    with pytest.raises(DatasetError, match=r"Left out: x\.npy \(it is no regular file\)"):
        find_layout(tmp_path / "data")
