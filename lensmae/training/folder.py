"""A run's folder: config.json, status.json, metrics.csv, log.txt, last.ckpt (resume), model.safetensors (the product)."""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from lensmae.errors import RunError
from lensmae.models.registry import PRODUCT
from lensmae.training.config import RunConfig, config_from_record
from lensmae.workspace import check_name, read_json, replacing, runs_dir, write_json

State = Literal["queued", "running", "finished", "stopped", "failed", "lost"]
# A running run writes its heartbeat every two seconds; compiling and slow disks may hold it up.
_LOST_AFTER_SECONDS = 180.0


def now() -> str:
    """The time in ISO format, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class RunStatus(BaseModel):
    """What is known of a run; `eta_s` in seconds."""

    model_config = ConfigDict(extra="ignore")

    id: str
    kind: str
    state: State = "queued"
    step: int = 0
    total_steps: int = 0
    images_per_second: float = 0.0
    eta_s: float | None = None
    created: str
    updated: str
    pid: int | None = None
    host: str | None = None
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
    def stop_request(self) -> Path:
        """A file whose presence asks the run to stop after its step."""
        return self.path / "stop"

    def config(self) -> RunConfig:
        """The run's configuration."""
        return config_from_record(read_json(self.path / "config.json", RunError))

    def stored_status(self) -> RunStatus:
        """The status as the run itself last wrote it."""
        try:
            return RunStatus.model_validate(read_json(self.path / "status.json", RunError))
        except ValidationError as problem:
            raise RunError(f"{self.path / 'status.json'} is damaged: {problem}.") from problem

    def status(self) -> RunStatus:
        """The status, with a run that died without a word recognised as lost."""
        status = self.stored_status()
        if status.state == "running" and not _alive(status):
            message = "The process ended without finishing; resume the run to go on from its last save."
        elif status.state == "queued" and _age(status) > _LOST_AFTER_SECONDS:
            message = "The process did not start; the log may say why. Resume the run to try again."
        else:
            return status
        return status.model_copy(update={"state": "lost", "eta_s": None, "message": message})

    def update(self, **changes: Any) -> None:
        """Change fields of status.json."""
        status = self.stored_status().model_copy(update=changes)
        write_json(self.path / "status.json", status.model_dump())


def _alive(status: RunStatus) -> bool:
    if status.host == socket.gethostname() and status.pid is not None:
        try:
            os.kill(status.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    return _age(status) < _LOST_AFTER_SECONDS


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


class MetricsFile:
    """metrics.csv, one row an interval, rewritten atomically; rows after the step resumed from are dropped."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        kept = pd.read_csv(path) if path.is_file() else pd.DataFrame({"step": []})
        self.rows: list[dict[str, Any]] = kept[kept["step"] <= step].to_dict("records")

    def append(self, row: dict[str, Any]) -> None:
        """Add a row and write the file."""
        self.rows.append(row)
        with replacing(self.path) as temporary:
            pd.DataFrame(self.rows).to_csv(temporary, index=False)
