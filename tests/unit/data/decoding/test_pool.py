"""A decoding process gives what was computed, or one error for the file at hand; the parent lives on."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lensmae.data.decoding import Limits, apply, apply_within, each, pieces, read_file
from lensmae.errors import DatasetError, ImageReadError
from tests.started import started
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


def test_calls_in_a_row_are_answered_in_their_order_and_a_crash_is_the_error_of_its_own_call():
    kinds = ["ok", "crash", "refuse", "fail", "ok", "memory", "ok"]
    found = list(each(tasks.by_kind, ({"kind": kind, "value": place} for place, kind in enumerate(kinds))))
    assert [place for place, _ in found] == list(range(len(kinds)))
    assert [value for _, value in found if not isinstance(value, Exception)] == [0, 4, 6]
    problems = [str(value) for _, value in found if isinstance(value, ImageReadError)]
    for problem, reason in zip(problems, ("crashed", "No such lens", "surprise", "GB of memory"), strict=True):
        assert reason in problem


def test_streams_in_a_row_may_end_early_or_crash():
    found = list(each(tasks.some, [{"n": 2, "crashes": False}, {"n": 0, "crashes": False}, {"n": 1, "crashes": True}]))
    assert found[:2] == [(0, 0), (0, 1)]
    assert found[2] == (2, 0)
    assert found[3][0] == 2
    assert "crashed" in str(found[3][1])
    assert len(found) == 4


def test_large_requests_are_not_sent_while_answers_wait():
    """Both sides would wait for ever, each for the other to read."""
    data = bytes(3_000_000)
    found = list(each(tasks.echo, ({"data": data} for _ in range(3))))
    assert [(place, len(value)) for place, value in found] == [(0, len(data)), (1, len(data)), (2, len(data))]


def test_a_row_that_is_left_early_leaves_no_answer_for_the_next_call():
    row = each(tasks.number_of, ({"value": value} for value in range(100)))
    assert next(row) == (0, 0)
    row.close()
    assert apply(tasks.number_of, 7) == 7


def test_a_request_is_plain_text_and_bytes():
    from lensmae.data.decoding.process import call

    odd = os.fsdecode(b"lens-\xff")
    pieces_of_it = call(tasks.unions, (Path(odd), b"content", odd, {"noise": b"n", "psf": Path("p")}, 2), {})
    assert all(isinstance(piece, bytes | memoryview) for piece in pieces_of_it)
    assert json.loads(pieces_of_it[0][4:])[0] == "tests.unit.data.decoding.tasks:unions"
    assert apply(tasks.unions, Path(odd), b"content", odd, {"noise": b"n", "psf": Path("p")}, 2) == [
        f"Path {odd!r}", "bytes b'content'", f"str {odd!r}", "noise bytes", "psf Path", "int 2",
    ]  # fmt: skip


def test_what_has_no_name_or_no_plain_value_is_not_sent():
    with pytest.raises(TypeError, match="no name"):
        apply(lambda: 1)
    with pytest.raises(TypeError, match="no plain value"):
        apply(tasks.number_of, object())


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
    with started("-c", OWNER.format(task=task), env=os.environ | {"PYTHONPATH": str(root)}) as owner:
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
