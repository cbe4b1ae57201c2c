"""Runs started in the background, as the Training page and a terminal start them."""

import psutil
import pytest

from lensmae.errors import RunError
from lensmae.jobs import family
from lensmae.training import (
    create_run,
    delete_run,
    get_run,
    launch,
    list_runs,
    make_config,
    open_run,
    read_log,
    read_metrics,
    resume,
    stop,
)

pytestmark = pytest.mark.slow
TINY = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 8, "batch_size": 12, "save_every": 4}


def finish(run):
    """Wait until no process of a run is left; its state."""
    _, alive = psutil.wait_procs(family(open_run(run).job().process()), timeout=120)
    assert not alive
    return get_run(run).state


def until(run, step):
    """Wait until a run has done so many steps; its end before that is an error."""
    while get_run(run).step < step:
        assert get_run(run).state in ("queued", "running"), read_log(run)
        # Nothing tells of a step but the file that is read here, and reading it without a pause would take the core from the run.
        psutil.wait_procs(family(open_run(run).job().process()), timeout=0.1)


def test_a_background_run_ends_with_a_model_a_curve_and_no_process(workspace_with_lenses):
    run = launch(make_config("pretrain", data="lenses", epochs=2, **TINY))
    assert get_run(run).state in ("queued", "running", "finished")
    with pytest.raises(RunError, match="only a stopped, failed or lost run"):
        resume(run)
    with pytest.raises(RunError, match="stop it before"):
        delete_run(run)
    assert finish(run) == "finished", read_log(run)
    assert open_run(run).product.is_file()
    assert read_metrics(run)["step"].tolist() == [4, 8, 12]
    assert [status.id for status in list_runs()] == [run]


def test_a_run_asked_to_stop_saves_and_goes_on_when_resumed(workspace_with_lenses):
    run = launch(make_config("pretrain", data="lenses", epochs=5000, **TINY))
    until(run, step=4)
    stop(run)
    assert finish(run) == "stopped", read_log(run)
    stopped = get_run(run)
    assert open_run(run).checkpoint.is_file()
    resume(run)
    until(run, step=stopped.step + 1)
    stop(run)
    finish(run)
    delete_run(run)
    assert list_runs() == []


def test_a_background_run_that_cannot_work_says_why_in_its_status_and_its_log(workspace_with_lenses):
    run = launch(make_config("pretrain", data="nothing-there", epochs=1, **TINY))
    assert finish(run) == "failed"
    status = get_run(run)
    assert "nothing-there" in status.message
    assert "Traceback" not in read_log(run)
    assert "nothing-there" in read_log(run)


def test_a_run_whose_process_never_started_is_lost_and_can_be_deleted(workspace_with_lenses):
    run = create_run(make_config("pretrain", data="lenses", **TINY))
    assert get_run(run).state == "queued"
    open_run(run).update(updated="2026-01-01T00:00:00+00:00")
    assert get_run(run).state == "lost"
    delete_run(run)
    assert list_runs() == []
