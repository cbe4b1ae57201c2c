"""Data sets made by jobs of the server: cancelled cleanly, and nothing left of an upload."""

import pytest

from lensmae.app.data import dataset_jobs
from lensmae.data import ImportOptions, open_dataset
from lensmae.jobs import JobState
from lensmae.workspace import datasets_dir, uploads_dir
from tests.unit.data.originals import write_classes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def none_left():
    yield
    for name, job in dataset_jobs.all_jobs().items():
        job.cancel()
        assert job.finished.wait(60)
        dataset_jobs.forget(name, job)


def ended(job):
    assert job.finished.wait(60)
    return job


def test_a_set_is_simulated_and_its_job_stays_until_it_is_dismissed(home):
    job = ended(dataset_jobs.start_simulation("set", "model_ii", 2, 0, ("cdm",)))
    assert (job.state, job.message) == (JobState.FINISHED, "set is ready: 2 lenses.")
    assert open_dataset("set").info.classes == ("cdm",)
    assert dataset_jobs.all_jobs() == {"set": job}
    dataset_jobs.forget("set", job)
    assert dataset_jobs.all_jobs() == {}


def test_a_cancelled_simulation_leaves_nothing(home):
    job = dataset_jobs.start_simulation("set", "model_ii", 5000, 0)
    job.cancel()
    assert (ended(job).state, job.message) == (JobState.CANCELLED, "Simulating set was cancelled; nothing was kept.")
    assert not (datasets_dir() / "set").exists()


def test_a_cancelled_import_leaves_nothing_and_is_not_offered_to_go_on(home):
    write_classes(home / "src", per_class=100, side=8)
    job = dataset_jobs.start_import("set", home / "src", ImportOptions())
    job.cancel()
    assert ended(job).state is JobState.CANCELLED
    assert list(datasets_dir().iterdir()) == []


def test_an_upload_is_removed_once_it_is_imported_or_could_not_be(home):
    folder = uploads_dir() / "one"
    folder.mkdir(parents=True)
    (folder / "stack.npy").write_bytes(b"damaged")
    job = ended(dataset_jobs.start_import("set", folder / "stack.npy", ImportOptions()))
    assert job.state is JobState.FAILED
    assert "stack.npy" in job.message
    assert not folder.exists()
