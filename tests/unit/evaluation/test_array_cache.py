"""Kept arrays spare a computation where they can, and never stand in the way of one."""

import numpy as np
import pytest

from lensmae.evaluation.array_cache import kept

VALUES = np.arange(6.0).reshape(2, 3)


def test_an_array_is_computed_once(tmp_path):
    calls = []
    for _ in range(2):
        found = kept(tmp_path / "cache/x.npy", lambda: calls.append(1) or VALUES)
        np.testing.assert_array_equal(found, VALUES)
    assert calls == [1]


@pytest.mark.parametrize("left", [b"\x93NUMPY nothing", b""])
def test_a_damaged_file_is_computed_and_written_anew(tmp_path, left):
    (tmp_path / "x.npy").write_bytes(left)
    np.testing.assert_array_equal(kept(tmp_path / "x.npy", lambda: VALUES), VALUES)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), VALUES)


def test_a_place_that_cannot_be_written_only_costs_time(tmp_path):
    # A file where the folder should be: nobody can write below it, root neither.
    (tmp_path / "cache").write_text("no folder")
    np.testing.assert_array_equal(kept(tmp_path / "cache/x.npy", lambda: VALUES), VALUES)
