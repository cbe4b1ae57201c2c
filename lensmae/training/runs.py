"""Runs as users handle them: create, launch in the background, follow, stop, resume, delete."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from lensmae.errors import LensMAEError, RunError
from lensmae.training.config import RunConfig, config_from_record
from lensmae.training.folder import RunFolder, RunStatus, now, open_run
from lensmae.workspace import check_name, runs_dir, write_json

# How the processes of one run find each other: Lightning and Slurm start the same command once a process.
_JOIN = "LENSMAE_RUN_ID"
_JOIN_SECONDS = 120.0


def create_run(config: RunConfig, run_id: str | None = None) -> str:
    """Make a run's folder and return its id; nothing is trained yet."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    run_id = check_name(run_id or f"{config.kind}-{stamp}-{secrets.token_hex(2)}", "run")
    folder = RunFolder(runs_dir() / run_id)
    if folder.path.exists():
        raise RunError(f"A run {run_id!r} already exists in {runs_dir()}; choose another name or resume it.")
    folder.path.mkdir(parents=True)
    status = RunStatus(id=run_id, kind=config.kind, created=now(), updated=now())
    write_json(folder.path / "status.json", status.model_dump())
    write_json(folder.path / "config.json", config.model_dump())
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


def launch(config: RunConfig) -> str:
    """Create a run and start it as a process of its own, which outlives this one. Returns the run's id."""
    run_id = create_run(config)
    _start(open_run(run_id))
    return run_id


def resume(run_id: str) -> None:
    """Start a stopped, failed or lost run again in the background, from its last save."""
    folder = open_run(run_id)
    status = folder.status()
    if status.state in ("running", "queued", "finished"):
        raise RunError(f"Run {run_id} is {status.state}; only a stopped, failed or lost run can be resumed.")
    _start(folder)


def change_epochs(run_id: str, epochs: float) -> None:
    """Lengthen or shorten a run that is not running; its schedule is then that of the new length, from its next step on."""
    folder = open_run(run_id)
    if folder.status().state in ("running", "queued", "finished"):
        raise RunError(f"Run {run_id} is {folder.status().state}; only a stopped, failed or lost run can change its length.")
    record = folder.config().model_dump() | {"epochs": epochs}
    write_json(folder.path / "config.json", config_from_record(record).model_dump())


def _start(folder: RunFolder) -> None:
    environment = {name: value for name, value in os.environ.items() if name != _JOIN}
    environment["LENSMAE_HOME"] = str(runs_dir().parent)
    folder.update(state="queued", message="", updated=now())
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lensmae", "train", "--resume", folder.id],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,
        )
    _CHILDREN.append(process)


# Kept so that ended children of this process are reaped (`Popen.poll`), not left as zombies that look alive.
_CHILDREN: list[subprocess.Popen[bytes]] = []


def stop(run_id: str) -> None:
    """Ask a run to finish its step, save and end."""
    folder = open_run(run_id)
    if folder.status().state not in ("running", "queued"):
        raise RunError(f"Run {run_id} is not running, so it cannot be stopped.")
    folder.stop_request.touch()


def get_run(run_id: str) -> RunStatus:
    """Status of one run."""
    _reap()
    return open_run(run_id).status()


def list_runs() -> list[RunStatus]:
    """All readable runs, newest first."""
    _reap()
    found = []
    for path in runs_dir().glob("*/config.json"):
        try:
            found.append(RunFolder(path.parent).status())
        except LensMAEError as problem:
            unreadable = RunStatus(
                id=path.parent.name, kind="unknown", state="failed", created="", updated="", message=str(problem)
            )
            found.append(unreadable)
    return sorted(found, key=lambda status: status.created, reverse=True)


def _reap() -> None:
    for process in list(_CHILDREN):
        if process.poll() is not None:
            _CHILDREN.remove(process)


def read_metrics(run_id: str) -> pd.DataFrame:
    """The curve of a run (step, epoch, learning_rate, images_per_second, train_loss, validation_*); empty before a save."""
    path = open_run(run_id).metrics
    return pd.read_csv(path) if path.is_file() else pd.DataFrame({"step": [], "train_loss": []})


def read_log(run_id: str, lines: int = 40) -> str:
    """The last lines a run printed."""
    path = open_run(run_id).log
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if path.is_file() else ""


def delete_run(run_id: str) -> None:
    """Remove a run that is not running, with everything in its folder."""
    folder = open_run(run_id)
    if folder.status().state in ("running", "queued"):
        raise RunError(f"Run {run_id} is running; stop it before deleting it.")
    shutil.rmtree(folder.path)
