"""Jobs in threads and in processes of their own: progress, time left, cancelling, what went wrong."""

import contextlib
import os
import re
import signal
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from lensmae.errors import DatasetError
from lensmae.jobs import JobState, ProcessJob, ThreadJob
from tests.started import started

PATIENCE_S = 60


def ended(job):
    job.start()
    assert job.finished.wait(PATIENCE_S)
    return job


def answer(request, report):
    """The work of the process jobs below."""
    report.phase("thinking")
    for done in range(1, request["steps"] + 1):
        report(done, request["steps"])
    if request.get("refuse"):
        raise DatasetError("No such data set.")
    if request.get("die"):
        os.kill(os.getpid(), getattr(signal, request["die"]))
    while request.get("hang"):
        time.sleep(0.1)
    print("whatever a library prints is no report")
    return {"answer": 6 * request["steps"]}


def process(**request):
    return ProcessJob(f"{__name__}:answer", request, "Answering", "steps")


def test_which_states_have_not_ended():
    assert [state for state in JobState if state.active] == ["queued", "running", "cancelling"]


def test_before_its_first_step_the_seconds_of_a_job_count(monkeypatch):
    now, go = [100.0], threading.Event()
    monkeypatch.setattr("lensmae.jobs.job.time", SimpleNamespace(monotonic=lambda: now[0]))
    job = ThreadJob(lambda report: go.wait(PATIENCE_S), "Importing a")
    job.start()
    assert job.progress_text == "starting …"
    now[0] += 7
    assert job.progress_text == "starting, 7 s …"
    go.set()
    assert job.finished.wait(PATIENCE_S)


def test_a_thread_tells_how_far_it_is_and_what_it_found():
    reached, go = threading.Event(), threading.Event()

    def work(report):
        report.phase("looking at the files")
        reached.set()
        assert go.wait(PATIENCE_S)
        report(1, 4)
        report(3, 4)
        return "ready"

    job = ThreadJob(work, "Importing a", "lenses")
    assert (job.state, job.progress_text) == (JobState.QUEUED, "waiting …")
    job.start()
    assert reached.wait(PATIENCE_S)
    assert (job.state, job.seconds_left) == (JobState.RUNNING, None)
    # On a busy machine seconds may have passed.
    assert re.fullmatch(r"looking at the files(, \d+ s)? …", job.progress_text)
    go.set()
    assert job.finished.wait(PATIENCE_S)
    assert (job.state, job.share, job.message) == (JobState.FINISHED, 0.75, "ready")


def test_the_time_left_is_that_of_the_steps_since_the_first_report(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    texts = []

    def work(report):
        # Ten were done before, by somebody else.
        report(10, 100)
        texts.append(job.progress_text)
        now[0] += 6.0
        report(40, 100)
        texts.append(job.progress_text)
        now[0] += 600.0
        texts.append(job.progress_text)

    job = ThreadJob(work, unit="lenses")
    ended(job)
    assert texts == ["10 of 100 lenses", "40 of 100 lenses, about 12 s left", "40 of 100 lenses, about 20 min left"]


def test_a_cancelled_thread_ends_at_its_next_report():
    reached, go = threading.Event(), threading.Event()

    def work(report):
        reached.set()
        assert go.wait(PATIENCE_S)
        report(2, 10)
        return "never"

    job = ThreadJob(work, "Making set")
    job.start()
    assert reached.wait(PATIENCE_S)
    job.cancel()
    assert (job.state, job.active, job.progress_text) == (JobState.CANCELLING, True, "cancelling")
    go.set()
    assert job.finished.wait(PATIENCE_S)
    assert (job.state, job.result, job.message) == (JobState.CANCELLED, None, "Making set was cancelled; nothing was kept.")
    job.cancel()
    assert job.state is JobState.CANCELLED


@pytest.mark.parametrize("make", [lambda: ThreadJob(lambda report: 1), lambda: process(steps=1)])
def test_a_job_that_is_cancelled_before_its_turn_never_begins(make):
    job = make()
    job.cancel()
    assert job.finished.is_set()
    job.start()
    assert (job.state, job.result) == (JobState.CANCELLED, None)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (DatasetError("No such preset."), "No such preset."),
        (OSError("disk is full"), "disk is full"),
        (KeyError("x"), "unexpected problem \\(KeyError\\)"),
    ],
)
def test_what_goes_wrong_is_kept_as_a_sentence(problem, message):
    def work(report):
        raise problem

    job = ended(ThreadJob(work))
    assert job.state is JobState.FAILED
    assert job.problem is problem
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(job.message)


def test_a_process_gives_its_progress_and_its_result():
    job = ended(process(steps=7))
    assert (job.state, job.done, job.total) == (JobState.FINISHED, 7, 7)
    assert job.result == {"answer": 42}


def test_a_process_that_refuses_says_why():
    job = ended(process(steps=0, refuse=True))
    assert (job.state, job.message) == (JobState.FAILED, "No such data set.")


@pytest.mark.parametrize(("how", "message"), [("SIGKILL", "for want of memory"), ("SIGTERM", "ended with status -15")])
def test_a_process_that_is_ended_says_what_is_known(how, message):
    job = ended(process(steps=1, die=how))
    assert job.state is JobState.FAILED
    assert message in job.message


def is_worker(child):
    with contextlib.suppress(psutil.NoSuchProcess):
        return "lensmae.jobs.worker" in child.cmdline()


def test_a_cancelled_process_ends_at_once():
    # An earlier test in this process may have left another that is about to end.
    before = set(psutil.Process().children())
    job = process(steps=1, hang=True)
    job.start()
    while job.done == 0:
        assert job.active, job.message
    (child,) = (one for one in set(psutil.Process().children()) - before if is_worker(one))
    job.cancel()
    assert job.finished.wait(PATIENCE_S)
    assert job.state is JobState.CANCELLED
    assert not child.is_running()


def test_the_process_ends_with_whoever_asked_however_that_ends():
    asker = """
import psutil, tests.unit.jobs.test_job as test
job = test.process(steps=1, hang=True)
job.start()
while job.done == 0:
    assert job.active, job.message
print(*(child.pid for child in psutil.Process().children()), flush=True)
job.finished.wait()
"""
    with started("-c", asker) as owner:
        worker = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        # It holds none of our output open: this would wait for it.
        assert owner.stdout.read() == ""
    _, alive = psutil.wait_procs([worker], timeout=10)
    assert alive == []
