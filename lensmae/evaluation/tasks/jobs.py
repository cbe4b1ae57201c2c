"""Tasks in processes of their own: UMAP holds Python's lock for seconds, which in a thread would stop every visitor."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Literal

from lensmae.evaluation.tasks.tasks import Task
from lensmae.workspace import workspace

State = Literal["queued", "running", "finished", "cancelled", "failed"]
_ROOT = Path(__file__).resolve().parents[3]


class Job:
    """One task; all its attributes may be read at any time from any thread.

    Attributes:
        state: where it is.
        done, total: steps, lenses or epochs; 0 of 0 before the first.
        problem: why it failed, in a sentence.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.state: State = "queued"
        self.done = self.total = 0
        self.problem = ""
        self.finished = threading.Event()
        self._first = self._before = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the steps so far."""
        if self.state != "running" or not 0 < self.done < self.total:
            return None
        return (time.monotonic() - self._first) / max(1, self.done - self._before) * (self.total - self.done)

    def start(self) -> None:
        """Start the process; a job that was cancelled meanwhile stays so."""
        with self._lock:
            if self.state == "queued":
                self.state = "running"
                threading.Thread(target=self._run, daemon=True).start()

    def cancel(self) -> None:
        """End it; what it has kept on disk so far stays and is not computed again."""
        with self._lock:
            if self.state in ("queued", "running"):
                self.state = "cancelled"
                if self._process is not None:
                    self._process.kill()
                self.finished.set()

    def _run(self) -> None:
        with tempfile.TemporaryFile() as log:
            with self._lock:
                if self.state != "running":
                    return
                self._process = process = subprocess.Popen(
                    [sys.executable, "-m", "lensmae.evaluation.tasks.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=_ROOT,
                    env=os.environ | {"LENSMAE_HOME": str(workspace())},
                )
            with process:
                # Where it ended at once, its status and its log say why.
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(self.task.model_dump_json().encode() + b"\n")
                    process.stdin.flush()
                for line in process.stdout:
                    self._hear(json.loads(line))
                # Before its stdin is closed, which would tell it that nobody waits for it any more.
                process.wait()
            self._end(process.returncode, log)

    def _hear(self, said: dict[str, int | str]) -> None:
        if "problem" in said:
            self.problem = str(said["problem"])
            return
        if self.total == 0:
            self._first, self._before = time.monotonic(), float(said["done"])
        self.done, self.total = int(said["done"]), int(said["total"])

    def _end(self, status: int, log: IO[bytes]) -> None:
        with self._lock:
            if self.state == "running":
                self.state = "finished" if status == 0 else "failed"
                self.problem = self.problem or ("" if status == 0 else _last_words(status, log))
        self.finished.set()


def _last_words(status: int, log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return f"The computation ended with status {status}: {lines[-1] if lines else 'it said nothing'}"
