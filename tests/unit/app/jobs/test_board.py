"""Work in the background: once for all, with its progress, until it is cancelled."""

import threading

import pytest

from lensmae.app.jobs import board


@pytest.fixture(autouse=True)
def no_jobs():
    yield
    board._jobs.clear()


def test_a_job_is_done_once_for_all_who_ask():
    calls = []
    first = board.start("a", lambda progress: calls.append(1) or 42)
    assert board.start("a", lambda progress: calls.append(1) or 43) is first
    assert first.finished.wait(10)
    assert (first.result, calls) == (42, [1])


def test_a_cancelled_job_ends_at_its_next_report_and_can_be_started_again():
    reached, go = threading.Event(), threading.Event()

    def work(progress):
        progress(1, 10)
        reached.set()
        go.wait(10)
        progress(2, 10)
        return "never"

    job = board.start("a", work)
    assert reached.wait(10)
    assert (job.done, job.total) == (1, 10)
    job.cancel()
    assert (job.state, job.running) == ("cancelling", True)
    go.set()
    assert job.finished.wait(10)
    assert (job.state, job.result) == ("cancelled", None)
    job.cancel()
    assert job.state == "cancelled"
    assert board.find("a") is None
    assert board.start("a", lambda progress: 1) is not job


def test_a_failure_is_kept_and_the_next_who_asks_starts_anew():
    job = board.start("a", lambda progress: 1 / 0)
    assert job.finished.wait(10)
    assert isinstance(job.problem, ZeroDivisionError)
    again = board.start("a", lambda progress: 7)
    assert again.finished.wait(10)
    assert again.result == 7
