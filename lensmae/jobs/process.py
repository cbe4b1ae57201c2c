"""Jobs in processes of their own: UMAP holds Python's lock for seconds, which in a thread would stop every visitor; and what may
need more memory than there is must not take the dashboard with it.

The process ends with this one, however this one ends, and holds none of its output open.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from lensmae.errors import Cancelled, JobError
from lensmae.jobs.environment import ROOT, job_environment
from lensmae.jobs.job import Job, JobState


class ProcessJob(Job):
    """A function of the package, called in a process of its own that ends with this one.

    Args:
        target: the function, "package.module:name"; it is called with the request and a `Report`, and returns what JSON can hold.
        request: what JSON can hold.
    """

    # What it has written to disk so far stays, and is not computed again.
    left_behind = ""

    def __init__(self, target: str, request: Mapping[str, Any], title: str = "", unit: str = "") -> None:
        super().__init__(title, unit)
        self.target, self.request = target, request
        self._process: subprocess.Popen[bytes] | None = None
        self._said: dict[str, Any] = {}

    def _work(self) -> Any:
        with tempfile.TemporaryFile() as log:
            with self._lock:
                if self.state is not JobState.RUNNING:
                    raise Cancelled
                self._process = process = subprocess.Popen(
                    [sys.executable, "-m", "lensmae.jobs.worker", self.target, str(os.getpid())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=ROOT,
                    env=job_environment(),
                )
            with process:
                # Where it ended at once, its status and its log say why.
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(json.dumps(self.request).encode())
                    process.stdin.close()
                for line in process.stdout:
                    self._hear(json.loads(line))
            return self._result(process.returncode, log)

    def _interrupt(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _hear(self, said: dict[str, Any]) -> None:
        if "done" in said:
            self._report(int(said["done"]), int(said["total"]))
        elif "phase" in said:
            self.phase = str(said["phase"])
        else:
            self._said |= said

    def _result(self, status: int, log: IO[bytes]) -> Any:
        if self.state is JobState.CANCELLING:
            raise Cancelled
        if "problem" in self._said:
            raise JobError(str(self._said["problem"]))
        if status != 0:
            raise JobError(_last_words(status, log))
        return self._said.get("result")


def _last_words(status: int, log: IO[bytes]) -> str:
    if status == -signal.SIGKILL:
        return "The system ended the computation, most likely for want of memory. Choose fewer lenses or a smaller network."
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return f"The computation ended with status {status}: {lines[-1] if lines else 'it said nothing'}"
