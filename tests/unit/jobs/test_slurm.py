"""Training on a real Slurm of one node."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lensmae.errors import RunError
from lensmae.jobs import JobOptions, slurm
from lensmae.training import create_run, end_now, get_run, launch, make_config, open_run, read_log, resume, stop
from tests.unit.jobs.slurm_cluster import DAEMONS, find_daemon, one_node

TINY = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 16, "batch_size": 6, "save_every": 10}
SLURM = JobOptions(executor="slurm", partition="main", hours=1)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    missing = [name for name in (*DAEMONS, "sbatch", "srun") if find_daemon(name) is None]
    if missing:
        pytest.skip(f"No Slurm on this machine (Debian's slurm-wlm and munge bring it): {', '.join(missing)}.")
    home = Path(tempfile.mkdtemp(prefix="slurm"))
    try:
        with one_node(home) as environment:
            yield environment
    finally:
        shutil.rmtree(home)


@pytest.fixture(autouse=True)
def _on_the_cluster(cluster, workspace_with_lenses, monkeypatch):
    monkeypatch.setenv("LENSMAE_RUN_ID", "")
    for name, value in cluster.items():
        monkeypatch.setenv(name, value)


def config(epochs):
    return make_config("pretrain", data="lenses", epochs=epochs, **TINY)


def until(run, reached):
    """Wait until `reached(status)`; a run that failed or got lost is an error."""
    while not reached(status := get_run(run)):
        assert status.state not in ("failed", "lost"), f"{status.message}\n{read_log(run)}"
        # Asking Slurm is what takes time here; the job's file of output is all there is to wait for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["tail", "-f", "/dev/null"], timeout=0.2)
    return status


def test_a_run_on_slurm_is_put_back_resumes_and_ends_with_the_bits_of_a_run_here():
    # In a process of its own, as the job is: libraries that other tests loaded may change how numbers are rounded.
    here = create_run(config(50), "here")
    subprocess.run([sys.executable, "-m", "lensmae", "train", "--resume", here], check=True, capture_output=True)
    run = launch(config(50), SLURM, "there")
    until(run, lambda status: status.state == "running" and status.step >= 10)
    job = open_run(run).job().id
    # What a pre-emption does.
    slurm.requeue(job)
    until(run, lambda status: status.state == "queued")
    assert "Slurm" in get_run(run).message
    saved = torch.load(open_run(run).checkpoint, weights_only=True)["lensmae_step"]
    assert saved >= 10
    until(run, lambda status: status.state == "finished")
    assert open_run(run).job().id == job
    one, other = load_file(open_run("here").product), load_file(open_run(run).product)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_waiting_job_is_taken_out_of_slurms_queue_and_a_running_one_stops_after_its_save():
    first = launch(config(100_000), SLURM, "first")
    until(first, lambda status: status.state == "running")
    second = launch(config(1), SLURM, "second")
    assert get_run(second).state == "queued"
    stop(second)
    assert get_run(second).state == "stopped"
    stop(first)
    until(first, lambda status: status.state == "stopped")
    assert open_run(first).checkpoint.is_file()


def test_a_job_cancelled_in_slurm_is_stopped_and_can_be_resumed():
    run = launch(config(100_000), SLURM, "cancelled")
    until(run, lambda status: status.state == "running" and status.step >= 10)
    slurm.cancel(open_run(run).job().id)
    until(run, lambda status: status.state == "stopped")
    assert "CANCELLED" in get_run(run).message
    resume(run)
    until(run, lambda status: status.state == "running")
    end_now(run)
    assert get_run(run).state == "stopped"


def test_more_gpus_than_devices_are_refused_before_anything_is_submitted():
    run = create_run(config(1), "greedy")
    with pytest.raises(RunError, match="asks Slurm for 2 GPUs"):
        launch(config(1), SLURM.model_copy(update={"gpus": 2}), "greedier")
    assert run == "greedy"


def test_an_unknown_partition_is_slurms_own_refusal():
    with pytest.raises(RunError, match="partition"):
        launch(config(1), SLURM.model_copy(update={"partition": "nowhere"}), "nowhere")
    assert get_run("nowhere").state == "failed"


def test_the_partitions_are_listed_and_an_unknown_job_has_no_state():
    assert slurm.partitions() == ["main"]
    assert slurm.job_state("999999") == ""
