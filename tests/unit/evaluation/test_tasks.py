"""Tasks in this process and in one of their own."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import CheckpointError
from lensmae.evaluation import Projection, embed_dataset, project, tasks
from lensmae.evaluation.tasks import IN_A_PROCESS, Task, run_task
from lensmae.jobs import JobState, ProcessJob
from lensmae.models import load_checkpoint

PATIENCE_S = 120


def in_a_process(task):
    return ProcessJob(IN_A_PROCESS, task.model_dump(mode="json"), "Computing")


def test_a_task_is_the_same_as_the_calls_it_stands_for(mae):
    dataset = open_dataset("lenses")
    rows = dataset.indices("train")
    expected = embed_dataset(load_checkpoint(mae), dataset, rows, layer=1, pooling="max")
    task = Task(work="embed", checkpoint=mae, data="lenses", split="train", layer=1, pooling="max")
    np.testing.assert_array_equal(run_task(task), expected)
    plane = Projection("pca", 3)
    projected = run_task(task.model_copy(update={"work": "project", "projection": plane}))
    np.testing.assert_array_equal(projected, project(expected, plane))


def test_errors_need_a_network_that_reconstructs(classifier):
    with pytest.raises(CheckpointError, match="needs an MAE"):
        run_task(Task(work="errors", checkpoint=classifier, data="lenses"))


def test_a_job_leaves_its_result_on_disk_and_tells_its_progress(mae, monkeypatch):
    task = Task(work="errors", checkpoint=mae, data="lenses", split="test")
    job = in_a_process(task)
    job.start()
    assert job.finished.wait(PATIENCE_S)
    assert (job.state, job.problem) == (JobState.FINISHED, None)
    assert (job.done, job.total) == (9, 9)
    monkeypatch.setattr(tasks.Reconstructor, "predict", None)
    assert run_task(task).shape == (9,)


def test_a_job_that_fails_says_why(workspace_with_lenses):
    job = in_a_process(Task(work="embed", checkpoint="nowhere", data="lenses"))
    job.start()
    assert job.finished.wait(PATIENCE_S)
    assert job.state is JobState.FAILED
    assert "There is no checkpoint 'nowhere'" in job.message


def test_before_the_first_step_it_is_said_what_is_being_done(mae):
    said = []
    run_task(Task(work="project", checkpoint=mae, data="lenses", split="test"), phase=said.append)
    assert said == ["loading the network and the lenses", "compiling UMAP and finding nearest neighbours"]
