"""Runs as users handle them: create, launch in the background, follow, stop, resume, lengthen, delete."""

import contextlib
import os
import secrets
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import psutil

from lensmae.errors import LensMAEError, RunError
from lensmae.folders import said_plainly
from lensmae.jobs import JobOptions, JobRecord, JobState, family, living_process, slurm, submit, withdraw
from lensmae.training.config import RunConfig
from lensmae.training.folder import RunFolder, RunStatus, now, open_run, read_curve
from lensmae.training.kinds.registry import config_from_record
from lensmae.training.loggers import check_logger
from lensmae.workspace import check_name, runs_dir, write_json

# How the processes of one run find each other: Lightning and Slurm start the same command once a process.
_JOIN = "LENSMAE_RUN_ID"
_JOIN_SECONDS = 120.0
# The end of a log that is read; a line may be a progress bar's.
_LOG_BYTES = 1 << 16


def create_run(config: RunConfig, run_id: str | None = None) -> str:
    """Make a run's folder and return its id; nothing is trained yet. Raises `RunError` where the name is taken, or the logger is
    not installed."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    run_id = check_name(run_id or f"{config.kind}-{stamp}-{secrets.token_hex(2)}", "run")
    folder = RunFolder(runs_dir() / run_id)
    if folder.path.exists():
        raise RunError(f"A run {run_id!r} already exists in {runs_dir()}; choose another name or resume it.")
    check_logger(config.logger)
    folder.path.mkdir(parents=True)
    status = RunStatus(id=run_id, kind=config.kind, created=now(), updated=now())
    try:
        write_json(folder.path / "status.json", status.model_dump())
        write_json(folder.path / "config.json", config.model_dump())
    except OSError:
        # A full disk: the name is free again.
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return run_id


def create_or_join_run(config: RunConfig, run_id: str | None = None) -> str:
    """As `create_run`; a further process of the same job (Lightning's or Slurm's) gets the run the first one made."""
    joined = os.environ.get(_JOIN)
    if joined:
        return joined
    job, rank = os.environ.get("SLURM_JOB_ID"), int(os.environ.get("SLURM_PROCID", "0"))
    if job and run_id is None:
        # A requeued job has the same number, so it finds its run again and resumes it.
        run_id = f"{config.kind}-job{job}"
    if job and ((runs_dir() / str(run_id)).exists() or rank > 0):
        _await_run(str(run_id))
    else:
        run_id = create_run(config, run_id)
    return str(run_id)


def _await_run(run_id: str) -> None:
    deadline = time.monotonic() + _JOIN_SECONDS
    while not (runs_dir() / run_id / "config.json").is_file():
        if time.monotonic() > deadline:
            raise RunError(f"The first process did not create run {run_id!r} in {runs_dir()} within {_JOIN_SECONDS:.0f} s.")
        time.sleep(0.2)


def train_run(run_id: str, progress: bool = False) -> Path | None:
    """Train or resume a run in this process; see `engine.train`."""
    from lensmae.training.engine import train

    before = os.environ.get(_JOIN, "")
    os.environ[_JOIN] = run_id
    try:
        return train(open_run(run_id), progress)
    finally:
        os.environ[_JOIN] = before


def launch(config: RunConfig, options: JobOptions | None = None, run_id: str | None = None) -> str:
    """Create a run and start it as a job of its own, which outlives this process. Returns the run's id."""
    run_id = create_run(config, run_id)
    _start(open_run(run_id), options or JobOptions())
    return run_id


def resume(run_id: str, options: JobOptions | None = None) -> None:
    """Start a stopped, failed or lost run again in the background, from its last save; as before where no options are given."""
    folder = open_run(run_id)
    _check_idle(folder, "be resumed")
    job = folder.job()
    _start(folder, options or (job.options if job else JobOptions()))


def change_epochs(run_id: str, epochs: float) -> None:
    """Lengthen or shorten a run that is not running; its schedule is then that of the new length, from its next step on.

    A finished run can be lengthened; its model stays until the longer run has made another.
    """
    folder = open_run(run_id)
    status, config = folder.status(), folder.config()
    if status.state != "finished":
        _check_idle(folder, "change its length")
    elif epochs <= config.epochs:
        raise RunError(f"Run {run_id} has finished {config.epochs:g} epochs; it can only be made longer than that.")
    record = config.model_dump() | {"epochs": epochs}
    write_json(folder.path / "config.json", config_from_record(record).model_dump())
    if status.state == "finished":
        folder.update(state="stopped", message=f"To go on to {epochs:g} epochs; resume it.", updated=now())


def _check_idle(folder: RunFolder, what: str) -> None:
    state = folder.status().state
    if state in ("running", "queued", "finished"):
        raise RunError(f"Run {folder.id} is {state}; only a stopped, failed or lost run can {what}.")


def _start(folder: RunFolder, options: JobOptions) -> None:
    config = folder.config()
    if options.executor == "slurm" and options.gpus not in (0, config.devices):
        raise RunError(f"The run uses {config.devices} devices a node, but asks Slurm for {options.gpus} GPUs; make both equal.")
    folder.stop_request.unlink(missing_ok=True)
    folder.update(state="queued", message="", pid=None, pid_started=None, updated=now())
    command = [sys.executable, "-m", "lensmae", "train", "--resume", folder.id]
    try:
        submit(folder.path, folder.id, command, options, log=folder.log, nodes=config.nodes, processes=config.devices)
    except (RunError, OSError) as problem:
        said = said_plainly(problem) if isinstance(problem, OSError) else str(problem)
        folder.update(state="failed", message=said, updated=now())
        raise


def stop(run_id: str) -> None:
    """Ask a run to finish its step, save and end; a waiting one leaves the queue."""
    folder = open_run(run_id)
    if not folder.status().state.active:
        raise RunError(f"Run {run_id} is not running, so it cannot be stopped.")
    folder.stop_request.touch()
    job = folder.job()
    if folder.stored_status().state == "queued" and job is not None and _take_out(folder, job):
        folder.update(state="stopped", message="Taken out of the queue; resume puts it back.", updated=now())


def _take_out(folder: RunFolder, job: JobRecord) -> bool:
    """Take a job out of its queue; False where its turn has come."""
    if job.executor == "local":
        return withdraw(folder.id)
    if slurm.job_state(job.id) not in slurm.WAITING:
        return False
    slurm.cancel(job.id)
    return True


def end_now(run_id: str) -> None:
    """End a run that does not answer, with all its processes, without a save: it goes on from the save before."""
    folder = open_run(run_id)
    status, job = folder.status(), folder.job()
    if not status.state.active:
        raise RunError(f"Run {run_id} is not running, so it cannot be ended.")
    if job is not None and job.executor == "slurm":
        slurm.end(job.id)
    else:
        withdraw(run_id)
        _kill(folder, status)
    folder.update(state="stopped", eta_s=None, message="Ended at once; resume goes on from the last save.", updated=now())


def _kill(folder: RunFolder, status: RunStatus) -> None:
    job = folder.job()
    process = living_process(status.pid, status.pid_started) or (job.process() if job else None)
    found = family(process)
    for member in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(found, timeout=20)


def get_run(run_id: str) -> RunStatus:
    """Status of one run."""
    return open_run(run_id).status()


def list_runs() -> list[RunStatus]:
    """All runs, newest first; those whose records cannot be read last, in the state "damaged", with the reason as message."""
    found = []
    for path in runs_dir().glob("*/config.json"):
        folder = RunFolder(path.parent)
        try:
            check_name(folder.id, "run")
            folder.config()
            found.append(folder.status())
        except (LensMAEError, ValueError, TypeError, OverflowError, OSError) as problem:
            name = folder.id.encode("utf-8", "backslashreplace").decode()
            found.append(RunStatus(id=name, kind="unknown", state=JobState.DAMAGED, created="", updated="", message=str(problem)))
    return sorted(found, key=lambda status: status.created, reverse=True)


def read_metrics(run_id: str) -> pd.DataFrame:
    """The curve of a run (step, epoch, learning_rate, images_per_second, train_loss, validation_*); empty before a save."""
    return read_curve(open_run(run_id).metrics)


def read_log(run_id: str, lines: int = 40) -> str:
    """The last lines a run printed."""
    path = open_run(run_id).log
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return "\n".join(log.read().decode("utf-8", errors="replace").splitlines()[-lines:])


def delete_run(run_id: str) -> None:
    """Remove a run that is not running, with everything in its folder."""
    folder = open_run(run_id)
    try:
        folder.config()
        state = folder.status().state
    except LensMAEError:
        # What cannot be read can be removed.
        state = JobState.DAMAGED
    if state.active:
        raise RunError(f"Run {run_id} is running; stop it before deleting it.")
    shutil.rmtree(folder.path)
