"""Jobs of the server: followed by all, cancelled cleanly, their failures kept as sentences."""

import functools
import threading

import pytest

from lensmae.app.data import makers
from lensmae.data import ImportOptions
from lensmae.errors import DatasetError, LensMAEError
from lensmae.workspace import datasets_dir
from tests.unit.data.originals import write_classes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def none_left():
    yield
    for name, job in makers.all_jobs().items():
        job.cancel()
        assert job.finished.wait(30)
        makers.forget(name, job)


def wait_for(event):
    assert event.wait(30)


def test_a_job_runs_beside_its_caller_and_tells_how_far_it_is():
    started, go = threading.Event(), threading.Event()

    def work(progress):
        progress(3, 10)
        started.set()
        wait_for(go)
        return "done"

    job = makers.start("set", "Making set", work)
    wait_for(started)
    assert (job.state, job.done, job.total, job.running) == ("running", 3, 10, True)
    assert makers.all_jobs() == {"set": job}
    assert makers.start("set", "again", work) is job
    makers.forget("set", job)
    assert makers.all_jobs() == {"set": job}
    go.set()
    wait_for(job.finished)
    assert (job.state, makers.message(job)) == ("finished", "done")
    assert makers.start("set", "Making another set", lambda progress: "other") is not job
    other = makers.all_jobs()["set"]
    wait_for(other.finished)
    makers.forget("set", job)
    assert makers.all_jobs() == {"set": other}
    makers.forget("set", other)
    assert makers.all_jobs() == {}


def test_a_job_that_has_not_noticed_yet_that_it_is_cancelled_is_not_started_beside_itself():
    go = threading.Event()

    def work(progress):
        wait_for(go)
        progress(1, 2)

    job = makers.start("set", "Making set", work)
    job.cancel()
    with pytest.raises(LensMAEError, match="just being cancelled"):
        makers.start("set", "Making set", work)
    go.set()
    wait_for(job.finished)
    assert makers.start("set", "Making set", lambda progress: "done") is not job


def cancelled_at(begun):
    """A job's work, and what it reports to: whatever it has begun, it is cancelled at its first report of progress."""
    reached, go = threading.Event(), threading.Event()

    def work(progress):
        def hold(done, total):
            reached.set()
            wait_for(go)
            progress(done, total)

        return begun(progress=hold)

    job = makers.start("set", "Making set", work)
    wait_for(reached)
    job.cancel()
    go.set()
    wait_for(job.finished)
    return job


def test_a_cancelled_simulation_leaves_nothing(home):
    job = cancelled_at(functools.partial(makers.simulate, "model_ii", "set", 5, 0))
    assert (job.state, makers.message(job)) == ("cancelled", "Making set was cancelled; nothing was kept.")
    assert list(datasets_dir().iterdir()) == []


def test_a_cancelled_import_leaves_nothing_and_is_not_offered_to_go_on(home):
    write_classes(home / "src", per_class=100, side=8)
    job = cancelled_at(functools.partial(makers.bring_in, home / "src", "set", ImportOptions()))
    assert job.state == "cancelled"
    assert list(datasets_dir().iterdir()) == []


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (DatasetError("No such preset."), "No such preset."),
        (OSError("disk is full"), "disk is full"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_what_goes_wrong_is_kept_as_a_sentence(problem, message):
    def work(progress):
        raise problem

    job = makers.start("set", "Making set", work)
    wait_for(job.finished)
    assert job.state == "failed"
    assert message in makers.message(job)
    assert job.problem is problem


def test_more_than_two_at_once_are_refused():
    go = threading.Event()

    def work(progress):
        wait_for(go)
        return ""

    for name in ("one", "two"):
        makers.start(name, name, work)
    with pytest.raises(LensMAEError, match="2 jobs are running"):
        makers.start("three", "three", work)
    go.set()
