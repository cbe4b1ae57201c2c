"""Jobs of the server: followed by all, cancelled cleanly, their failures kept as sentences."""

import threading

import pytest

from lensmae.app import makers
from lensmae.errors import DatasetError


@pytest.fixture(autouse=True)
def none_left():
    yield
    for job in makers.all_jobs():
        job.cancel()
        assert job.finished.wait(30)
        makers.dismiss(job)


def wait_for(event):
    assert event.wait(30)


def test_a_job_runs_beside_its_caller_and_tells_how_far_it_is():
    started, go = threading.Event(), threading.Event()

    def work(progress, cancelled):
        progress(3, 10)
        started.set()
        wait_for(go)
        return "done"

    job = makers.start("set", "Making set", work)
    wait_for(started)
    assert (job.state, job.done, job.total, job.running) == ("running", 3, 10, True)
    assert makers.all_jobs() == [job]
    assert makers.start("set", "again", work) is job
    makers.dismiss(job)
    assert makers.all_jobs() == [job]
    go.set()
    wait_for(job.finished)
    assert (job.state, job.message) == ("finished", "done")
    makers.dismiss(job)
    assert makers.all_jobs() == []


def test_a_cancelled_job_ends_as_cancelled_with_the_reason_of_the_work():
    started = threading.Event()

    def work(progress, cancelled):
        started.set()
        while not cancelled():
            threading.Event().wait(0.01)
        raise DatasetError("Nothing was kept.")

    job = makers.start("set", "Making set", work)
    wait_for(started)
    job.cancel()
    wait_for(job.finished)
    assert (job.state, job.message) == ("cancelled", "Nothing was kept.")
    job.cancel()
    assert job.state == "cancelled"


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (DatasetError("No such preset."), "No such preset."),
        (OSError("disk is full"), "disk is full"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_what_goes_wrong_is_kept_as_a_sentence(problem, message):
    def work(progress, cancelled):
        raise problem

    job = makers.start("set", "Making set", work)
    wait_for(job.finished)
    assert job.state == "failed"
    assert message in job.message
    assert job.problem is problem


def test_more_than_two_at_once_are_refused():
    go = threading.Event()

    def work(progress, cancelled):
        wait_for(go)
        return ""

    for name in ("one", "two"):
        makers.start(name, name, work)
    with pytest.raises(DatasetError, match="2 jobs are running"):
        makers.start("three", "three", work)
    go.set()
