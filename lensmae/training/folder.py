"""A run's folder: config.json, status.json, metrics.csv, log.txt, film/, last.ckpt (resume), model.safetensors (the product)."""

import contextlib
import math
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from lensmae.errors import RunError
from lensmae.folders import locked
from lensmae.jobs import JobRecord, JobState, live_tickets, living_process, place_in_queue, slurm
from lensmae.models.registry import PRODUCT
from lensmae.training.config import RunConfig
from lensmae.training.kinds.registry import config_from_record
from lensmae.workspace import check_name, read_json, replacing, runs_dir, write_json

# A running run writes its heartbeat every two seconds; compiling and slow disks may hold it up.
_LOST_AFTER_SECONDS = 180.0
# Room kept free for the last words of a run whose disk is full.
_RESERVE_BYTES = 1 << 16


def now() -> str:
    """The time in ISO format, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _moment(text: str) -> str:
    """A time as records write it; empty where it is not known."""
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time has no zone")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
# What is not finite was never a speed or a time left.
Finite = Annotated[float, AfterValidator(lambda value: value if math.isfinite(value) else 0.0)]


class RunStatus(BaseModel):
    """What is known of a run.

    Attributes:
        eta_s: seconds to its end.
        pid, pid_started: its first process and when that began (seconds since 1970), which tell it from a later one.
        device: what it trains on.
        cpu_percent: of one core, of the first process.
        memory_bytes, device_memory_bytes: of the first process: resident memory, and memory on the GPU.
    """

    model_config = ConfigDict(extra="ignore")

    id: str
    kind: str
    state: JobState = JobState.QUEUED
    step: NonNegativeInt = 0
    total_steps: NonNegativeInt = 0
    images_per_second: Finite = 0.0
    eta_s: Finite | None = None
    created: Moment
    updated: Moment
    pid: Annotated[int, Field(gt=0, lt=1 << 31)] | None = None
    pid_started: float | None = None
    host: str | None = None
    device: str = ""
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    device_memory_bytes: int | None = None
    message: str = ""


@dataclass(frozen=True)
class RunFolder:
    """Paths and records of one run."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id, which is the folder's name."""
        return self.path.name

    @property
    def checkpoint(self) -> Path:
        """State to resume from."""
        return self.path / "last.ckpt"

    @property
    def metrics(self) -> Path:
        """The curve."""
        return self.path / "metrics.csv"

    @property
    def log(self) -> Path:
        """Everything the run printed."""
        return self.path / "log.txt"

    @property
    def card(self) -> Path:
        """Architecture and transform, fixed when the run first starts."""
        return self.path / "card.json"

    @property
    def product(self) -> Path:
        """The finished model."""
        return self.path / PRODUCT

    @property
    def film(self) -> Path:
        """Pictures of fixed validation lenses, one a save; see `lensmae.training.film`."""
        return self.path / "film"

    @property
    def notes(self) -> Path:
        """What people wrote about the run."""
        return self.path / "notes.txt"

    @property
    def logger_id(self) -> Path:
        """By which MLflow or Weights & Biases know the run."""
        return self.path / "logger_id.txt"

    @property
    def reserve(self) -> Path:
        """Space that is given back when the disk is full, so that the reason can still be written."""
        return self.path / ".reserve"

    @property
    def stop_request(self) -> Path:
        """A file whose presence asks the run to stop after its step."""
        return self.path / "stop"

    def config(self) -> RunConfig:
        """The run's configuration."""
        return config_from_record(read_json(self.path / "config.json", RunError))

    def stored_status(self) -> RunStatus:
        """The status as the run itself last wrote it."""
        try:
            status = RunStatus.model_validate(read_json(self.path / "status.json", RunError))
            # A run is known by its folder's name.
            return status.model_copy(update={"id": self.id})
        except ValidationError as problem:
            raise RunError(f"{self.path / 'status.json'} is damaged: {problem}.") from problem

    def job(self) -> JobRecord | None:
        """The run's background job; None where it was never one."""
        path = self.path / "job.json"
        try:
            return JobRecord.model_validate(read_json(path, RunError)) if path.is_file() else None
        except ValidationError as problem:
            raise RunError(f"{path} is damaged: {problem}.") from problem

    def status(self) -> RunStatus:
        """The status, with a run that died without a word recognised as lost."""
        status = self.stored_status()
        if status.state == "running" and not self._runs(status):
            job = self.job()
            if job and job.executor == "slurm" and slurm.job_state(job.id) in slurm.WAITING:
                message = "Slurm took the run off its node and will start it again; it goes on from its last save."
                return status.model_copy(update={"state": JobState.QUEUED, "eta_s": None, "message": message})
            message = "The process ended without finishing; resume the run to go on from its last save."
        elif status.state == "queued" and not self._waits(status):
            job = self.job()
            if job and job.executor == "slurm":
                ended = slurm.job_state(job.id) or "it knows no such job any more"
                message = f"Slurm ended the job ({ended}); resume goes on from the last save."
                return status.model_copy(update={"state": JobState.STOPPED, "eta_s": None, "message": message})
            message = "The process did not start; the log may say why. Resume the run to try again."
        elif status.state == "queued" and not status.message:
            return status.model_copy(update={"message": self._waits_for()})
        else:
            return status
        return status.model_copy(update={"state": JobState.LOST, "eta_s": None, "message": message})

    def update(self, **changes: Any) -> None:
        """Change fields of status.json."""
        status = RunStatus.model_validate(self.stored_status().model_dump() | changes)
        write_json(self.path / "status.json", status.model_dump())

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from training this run; the system takes the lock back from a process that dies."""
        lock = self.path / ".lock"
        lock.touch()
        with contextlib.ExitStack() as held:
            try:
                # Where a file system has no locks there is none, and two processes of one run are the user's to avoid.
                held.enter_context(locked(lock))
            except BlockingIOError:
                raise RunError(f"Run {self.id} is being trained by another process already.") from None
            yield

    def keep_reserve(self) -> None:
        """Take the space that `make_room` gives back."""
        self.reserve.write_bytes(b"\0" * _RESERVE_BYTES)

    def make_room(self) -> None:
        """Remove the reserve and whatever was being written."""
        for path in (self.reserve, *self.path.glob("*.tmp"), *self.path.glob(".*.tmp")):
            path.unlink(missing_ok=True)

    def _runs(self, status: RunStatus) -> bool:
        """Whether a run that says it is running does."""
        if status.host == socket.gethostname() and status.pid is not None:
            return living_process(status.pid, status.pid_started) is not None
        job = self.job()
        if _age(status) < _LOST_AFTER_SECONDS or job is None or job.executor == "local":
            return _age(status) < _LOST_AFTER_SECONDS
        # Silent for long; Slurm knows whether its node still works on it.
        return slurm.job_state(job.id) in (*slurm.AT_WORK, None)

    def _waits(self, status: RunStatus) -> bool:
        """Whether a run that says it is queued will get its turn."""
        job = self.job()
        if job is None or _age(status) < 10:
            return _age(status) < _LOST_AFTER_SECONDS
        if job.executor == "slurm":
            return slurm.job_state(job.id) in (*slurm.WAITING, *slurm.AT_WORK, None)
        return any(ticket.job == self.id for ticket in live_tickets())

    def _waits_for(self) -> str:
        """What a queued run waits for, in a sentence."""
        job = self.job()
        if job is None:
            return ""
        if job.executor == "slurm":
            return f"Slurm's state of job {job.id}: {slurm.job_state(job.id) or 'not known'}."
        before = place_in_queue(self.id)
        return f"Waits for {before} run{'s' if before > 1 else ''} before it." if before else "Its process is starting."


def _age(status: RunStatus) -> float:
    """Seconds since the status was written."""
    return (datetime.now(UTC) - datetime.fromisoformat(status.updated)).total_seconds()


def open_run(run_id: str) -> RunFolder:
    """The folder of an existing run; `RunError` where there is none."""
    check_name(run_id, "run")
    folder = RunFolder(runs_dir() / run_id)
    if not (folder.path / "config.json").is_file():
        raise RunError(f"There is no run {run_id!r} in {runs_dir()}; `lensmae runs` lists them.")
    return folder


def read_curve(path: Path) -> pd.DataFrame:
    """The rows of a metrics.csv, numbers all; none before the first save. Raises `RunError` where it is damaged."""
    if not path.is_file():
        return pd.DataFrame({"step": [], "train_loss": []})
    try:
        curve = pd.read_csv(path)
        if "step" not in curve:
            raise ValueError("it has no column step")
        curve = curve.apply(pd.to_numeric)
        if not np.isfinite(curve["step"].to_numpy(float)).all():
            raise ValueError("a step in it is no number")
    except (ValueError, TypeError, OverflowError, OSError) as problem:
        raise RunError(f"{path} is damaged: {str(problem)[:300]}.") from None
    return curve


class MetricsFile:
    """metrics.csv, one row an interval, rewritten atomically; rows after the step resumed from are dropped."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        try:
            kept = read_curve(path)
        except RunError:
            # The run goes on; its curve begins anew beside what could not be read.
            path.replace(path.with_name(f"{path.name}.damaged"))
            kept = read_curve(path)
        self.rows: list[dict[str, Any]] = kept[kept["step"] <= step].to_dict("records")

    def append(self, row: dict[str, Any]) -> None:
        """Add a row and write the file."""
        self.rows.append(row)
        with replacing(self.path) as temporary:
            pd.DataFrame(self.rows).to_csv(temporary, index=False)
