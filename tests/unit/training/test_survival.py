"""What a run survives: kills at any moment, a full disk, a failure before its model is written."""

import math
import multiprocessing
import os
import random
import resource
import subprocess

import psutil
import pytest
import torch
from safetensors.torch import load_file

from lensmae.errors import RunError
from lensmae.training import create_run, engine, get_run, make_config, open_run, read_metrics, stop, train_run
from lensmae.training.callbacks import Follower

TINY = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 16, "batch_size": 6, "save_every": 4}
KILLS = 4
pytestmark = [pytest.mark.usefixtures("no_run_id"), pytest.mark.slow]


@pytest.fixture(scope="module")
def processes():
    """Processes forked from one that has imported torch and Lightning, so that each starts in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def start(name, epochs=3.0):
    return create_run(make_config("pretrain", data="lenses", epochs=epochs, **TINY), name)


def train_in_child(home, run, largest_file=None):
    os.environ["LENSMAE_HOME"] = str(home)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    train_run(run)


def same_bits(first, second):
    one, other = load_file(open_run(first).product), load_file(open_run(second).product)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def used(process):
    """CPU seconds of a process, which do not depend on what else the machine does; infinitely many of one that has ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return math.inf
    return times.user + times.system


def last_save(run):
    """What tells one save of a run from the next, without reading it; None before the first."""
    path = open_run(run).checkpoint
    return path.stat().st_mtime_ns if path.exists() else None


def test_a_run_killed_again_and_again_at_random_moments_ends_with_the_same_bits(processes, workspace_with_lenses):
    def child(run):
        begun = processes.Process(target=train_in_child, args=(workspace_with_lenses, run))
        begun.start()
        return begun, psutil.Process(begun.pid)

    start("whole", epochs=20)
    begun, process = child("whole")
    first_save = total = 0.0
    while (now := used(process)) < math.inf:
        total = now
        if not first_save and open_run("whole").checkpoint.exists():
            first_save = total
        begun.join(0.005)
    assert get_run("whole").state == "finished"
    between_saves = (total - first_save) * TINY["save_every"] / get_run("whole").step

    start("killed", epochs=20)
    moments, steps = random.Random(20), []
    for kill in range(KILLS):
        # Every other one dies before a save of its own, from the import of the data on; the rest between two saves, so that the
        # run gets on whatever the machine is busy with, and the kills do not reach its end.
        saves_first = kill % 2 == 1
        before, moment = last_save("killed"), moments.uniform(0.5, 1) * first_save
        begun, process = child("killed")
        if saves_first:
            while begun.is_alive() and last_save("killed") == before:
                begun.join(0.002)
            moment = used(process) + moments.uniform(0, 1) * between_saves
        while used(process) < moment:
            begun.join(0.002)
        begun.kill()
        begun.join()
        assert begun.exitcode == -9
        assert get_run("killed").state in ("lost", "queued")
        if saves_first:
            steps.append(torch.load(open_run("killed").checkpoint, weights_only=True)["lensmae_step"])
    assert steps == sorted(set(steps)), "a killed run lost a save"
    begun, _ = child("killed")
    begun.join()
    assert get_run("killed").state == "finished"
    assert same_bits("whole", "killed")
    losses = [read_metrics(run)[["step", "train_loss"]] for run in ("whole", "killed")]
    assert losses[0].equals(losses[1])


def stop_after_a_save(run, monkeypatch):
    """Train a run to its first save and a little beyond; the bytes of its last checkpoint."""
    original = Follower.on_train_batch_end

    def stop_at_five(self, trainer, task, *rest):
        if task.step == 5:
            stop(run)
        original(self, trainer, task, *rest)

    monkeypatch.setattr(Follower, "on_train_batch_end", stop_at_five)
    assert train_run(run) is None
    monkeypatch.setattr(Follower, "on_train_batch_end", original)
    return open_run(run).checkpoint.read_bytes()


def assert_failed_but_whole(run, before, reason):
    status = get_run(run)
    assert status.state == "failed"
    assert reason in status.message
    assert "Free some space and resume; the run goes on from its last save." in status.message
    assert open_run(run).checkpoint.read_bytes() == before
    assert list(open_run(run).path.glob("*.tmp")) == []


def test_a_save_that_the_system_refuses_fails_the_run_with_its_reason_and_keeps_the_last(
    processes, workspace_with_lenses, monkeypatch
):
    start("whole")
    train_run("whole")
    start("limited")
    before = stop_after_a_save("limited", monkeypatch)
    begun = processes.Process(target=train_in_child, args=(workspace_with_lenses, "limited", len(before) // 2))
    begun.start()
    begun.join()
    assert_failed_but_whole("limited", before, "File too large")
    train_run("limited")
    assert same_bits("whole", "limited")


def test_a_full_disk_fails_the_run_with_its_reason_and_keeps_the_last_save(tmp_path, lens_home, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("Mounting a small file system is not permitted here.")
    try:
        (disk / "datasets").symlink_to(lens_home / "datasets")
        monkeypatch.setenv("LENSMAE_HOME", str(disk))
        start("full")
        before = stop_after_a_save("full", monkeypatch)
        room = os.statvfs(disk)
        (disk / "filler").write_bytes(b"\0" * (room.f_bavail * room.f_frsize - len(before) // 2))
        with pytest.raises(RunError, match="No space left on device"):
            train_run("full")
        assert_failed_but_whole("full", before, "No space left on device")
        (disk / "filler").unlink()
        train_run("full")
        assert get_run("full").state == "finished"
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_run_that_failed_between_its_last_save_and_its_model_takes_no_further_step(monkeypatch):
    start("whole")
    train_run("whole")
    start("cut")
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_save_product", lambda *_: (_ for _ in ()).throw(OSError("the disk went away")))
        with pytest.raises(OSError, match="went away"):
            train_run("cut")
    assert get_run("cut").message == "OSError: the disk went away"
    train_run("cut")
    assert get_run("cut").step == get_run("whole").step
    assert same_bits("whole", "cut")


def test_two_processes_cannot_train_one_run(monkeypatch):
    start("one")
    with open_run("one").alone(), pytest.raises(RunError, match="by another process already"):
        train_run("one")
    assert get_run("one").state == "queued"
