"""A decoding process gives what was computed, or one error for the file at hand; the parent lives on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lensmae.data.decoding import Limits, apply, apply_within, pieces, read_file
from lensmae.errors import DatasetError, ImageReadError
from tests.unit.data.decoding import tasks

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits on memory and processor time are the Linux kernel's here")


@pytest.mark.parametrize(
    "image",
    [
        np.arange(12, dtype=">i2").reshape(3, 4),
        np.asfortranarray(np.ones((3, 4))),
        np.empty((0, 3)),
        np.array(1.5),
        np.array("ä"),
    ],
)
def test_values_come_back_as_they_were(image):
    found = apply(tasks.everything, image)
    np.testing.assert_array_equal(found.image, image)
    assert found.image.dtype == found.kind == image.dtype
    assert found.image.shape == image.shape
    assert found.inner == (tasks.Inner(None, "ä\n\x00"), tasks.Inner(3.0, "b"))
    assert found.table["a"] == 0.1
    assert np.isnan(found.table["b"])
    assert (found.path, found.names, found.weight) == (Path("x/y"), ["1"], None)


def test_one_process_is_kept_for_the_next_call():
    assert apply(tasks.number) == apply(tasks.number) != os.getpid()


def test_a_crash_is_an_error_of_this_file_alone():
    with pytest.raises(ImageReadError, match=r"^lens\.fits was not read: its decoder crashed on it \(SIGSEGV\)"):
        read_file("lens.fits", tasks.crash)
    assert apply(tasks.number) != os.getpid()


def test_what_an_earlier_file_did_to_the_process_is_not_laid_at_the_next_ones_door():
    first = apply(tasks.crash_unless_new, "LENSMAE_TEST_MARK")
    assert apply(tasks.crash_unless_new, "LENSMAE_TEST_MARK") != first


@linux
def test_processor_time_ends():
    with pytest.raises(ImageReadError, match="more than 1 s of processor time"):
        apply_within(Limits(cpu=1), tasks.spin)


def test_waiting_ends():
    with pytest.raises(ImageReadError, match="longer than 1 s"):
        apply_within(Limits(wall=1), tasks.sleep)


@linux
def test_memory_ends():
    with pytest.raises(ImageReadError, match="more than 1 GB of memory"):
        apply(tasks.take_memory)


def test_too_long_an_answer_is_refused_before_it_is_taken():
    with pytest.raises(ImageReadError, match="damaged or too large answer"):
        apply(tasks.say_much)


def test_an_answer_of_another_type_is_refused():
    with pytest.raises(ImageReadError, match="damaged or too large answer"):
        apply(tasks.lie)


def test_errors_keep_their_kind_and_surprises_mean_damage():
    with pytest.raises(DatasetError, match="No such thing"):
        apply(tasks.refuse)
    with pytest.raises(ImageReadError, match=r"damaged \(KeyError: 'surprise'"):
        apply(tasks.fail)


@linux
def test_it_writes_no_file(tmp_path):
    with pytest.raises(ImageReadError):
        apply(tasks.write_beside, tmp_path / "x")
    assert not (tmp_path / "x").exists() or not (tmp_path / "x").read_text()


def test_pieces_come_one_by_one_until_a_crash():
    assert [int(value[0]) for value in pieces(tasks.squares, 500)] == [value**2 for value in range(500)]
    found = pieces(tasks.one_then_crash)
    assert next(found) == 1
    with pytest.raises(ImageReadError, match="crashed"):
        next(found)


OWNER = """
import time
from lensmae.data.decoding import apply
from tests.unit.data.decoding import tasks
print(apply(tasks.number), flush=True)
apply(tasks.{task})
"""


@linux
@pytest.mark.parametrize("task", ["sleep", "spin"])
def test_it_ends_with_its_parent_however_that_ends(task):
    root = Path(__file__).resolve().parents[4]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER.format(task=task)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as owner:
        child = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        until = time.monotonic() + 10
        while _lives(child) and time.monotonic() < until:
            time.sleep(0.05)
        assert not _lives(child)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
