"""Arrays on disk: their space is there before they are written into."""

import errno
import os
import resource
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from lensmae.data import simulate_dataset
from lensmae.data.store.arrays import new_array, new_arrays
from lensmae.errors import DatasetError


@contextmanager
def files_no_longer_than(size):
    """The kernel refuses longer files to this process, as a full disk refuses more blocks."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_arrays_are_zero_writable_and_have_all_their_blocks(tmp_path):
    made = new_arrays(tmp_path, {"images": (300, 64, 64), "targets": (3, 20, 20)})
    for name, array in made.items():
        status = (tmp_path / f"{name}.npy").stat()
        assert status.st_blocks * 512 >= array.nbytes
        assert not array.any()
    made["images"][7] = 2.5
    made["images"].flush()
    assert np.load(tmp_path / "images.npy")[7].min() == 2.5


def test_without_reservation_the_blocks_are_written(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate")
    array = new_array(tmp_path / "images.npy", (300, 64, 64))
    assert (tmp_path / "images.npy").stat().st_blocks * 512 >= array.nbytes
    assert np.load(tmp_path / "images.npy").sum() == 0


def test_more_than_the_disk_holds_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DatasetError, match=r"No room in .*the data set takes 1,638,400\.0 GB; .* are free"):
        new_arrays(tmp_path, {"images": (100_000_000_000, 64, 64)})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("reserves", [True, False])
def test_a_disk_that_fills_up_meanwhile_is_a_message_and_leaves_nothing(tmp_path, monkeypatch, reserves):
    if not reserves:
        monkeypatch.delattr(os, "posix_fallocate")
    with files_no_longer_than(1 << 20), pytest.raises(DatasetError, match=f"(?i){os.strerror(errno.EFBIG)}"):
        new_arrays(tmp_path, {"small": (2, 8, 8), "images": (300, 64, 64)})
    assert not list(tmp_path.iterdir())


def test_simulating_onto_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    with files_no_longer_than(1 << 19), pytest.raises(DatasetError, match="No room in"):
        simulate_dataset("model_ii", "much", per_class=100, seed=0, jobs=1)
    assert not list((tmp_path / "datasets").iterdir())
