"""Jobs of the server: once for all who ask, as many together as their lane allows, forgotten when told to."""

import threading

import pytest

from lensmae.app.jobs.board import DATASETS, Board, Lane
from lensmae.errors import LensMAEError
from lensmae.jobs import JobState, ThreadJob

ONE = Lane("one", 1, keeps=False)


class Gate:
    """Work that waits until it is let through."""

    def __init__(self):
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, report):
        self.reached.set()
        assert self.opened.wait(30)
        report(1, 1)
        return "through"


@pytest.fixture
def board():
    board = Board()
    yield board
    board.clear()


@pytest.fixture
def gates():
    made = [Gate() for _ in range(3)]
    yield made
    for gate in made:
        gate.opened.set()


def test_a_job_is_done_once_for_all_who_ask(board):
    calls = []
    first = board.start("a", ThreadJob(lambda report: calls.append(1) or 42))
    assert board.start("a", ThreadJob(lambda report: calls.append(1) or 43)) is first
    assert first.finished.wait(10)
    assert board.start("a", ThreadJob(lambda report: calls.append(1))) is first
    assert (first.result, calls) == (42, [1])


def test_after_a_failure_the_next_who_asks_starts_anew(board):
    job = board.start("a", ThreadJob(lambda report: 1 / 0))
    assert job.finished.wait(10)
    again = board.start("a", ThreadJob(lambda report: 7))
    assert again.finished.wait(10)
    assert board.get("a").result == 7


def test_jobs_that_change_the_disk_are_done_anew_when_asked_for_again(board):
    for answer in ("one", "two"):
        job = board.start("set", ThreadJob(lambda report, answer=answer: answer), DATASETS)
        assert job.finished.wait(10)
        assert job.result == answer


def test_a_full_lane_waits_and_says_for_what_and_goes_on_by_itself(board, gates):
    first = board.start("a", ThreadJob(gates[0], "First"), ONE)
    second = board.start("b", ThreadJob(gates[1], "Second"), ONE)
    assert gates[0].reached.wait(10)
    assert (first.state, second.state) == (JobState.RUNNING, JobState.QUEUED)
    assert second.progress_text == "waiting for: First …"
    gates[0].opened.set()
    assert gates[1].reached.wait(10)
    assert (first.state, second.state) == (JobState.FINISHED, JobState.RUNNING)


def test_a_waiting_job_that_is_cancelled_does_not_hold_up_those_behind_it(board, gates):
    jobs = [board.start(gate, ThreadJob(gate), ONE) for gate in gates]
    jobs[1].cancel()
    gates[0].opened.set()
    assert gates[2].reached.wait(10)
    assert [job.state for job in jobs] == [JobState.FINISHED, JobState.CANCELLED, JobState.RUNNING]
    assert not gates[1].reached.is_set()


def test_a_job_that_has_not_noticed_yet_that_it_is_cancelled_is_not_started_beside_itself(board, gates):
    job = board.start("set", ThreadJob(gates[0], "Making set"), DATASETS)
    assert gates[0].reached.wait(10)
    job.cancel()
    with pytest.raises(LensMAEError, match="Making set is just being cancelled"):
        board.start("set", ThreadJob(gates[1]), DATASETS)
    gates[0].opened.set()
    assert job.finished.wait(10)
    assert board.start("set", ThreadJob(gates[1]), DATASETS) is not job


def test_only_ended_jobs_are_forgotten_and_only_by_their_own_key(board, gates):
    job = board.start("set", ThreadJob(gates[0]), DATASETS)
    board.forget("set", job)
    assert board.listed(DATASETS) == {"set": job}
    gates[0].opened.set()
    assert board.wait(10)
    board.forget("set", ThreadJob(gates[1]))
    assert board.listed(DATASETS) == {"set": job}
    board.forget("set", job)
    assert board.listed(DATASETS) == {}


def test_a_discarded_job_is_cancelled(board, gates):
    job = board.start("a", ThreadJob(gates[0]), ONE)
    assert gates[0].reached.wait(10)
    board.discard("a")
    assert (board.get("a"), job.state) == (None, JobState.CANCELLING)
    gates[0].opened.set()
    assert job.finished.wait(10)
    assert job.state is JobState.CANCELLED
