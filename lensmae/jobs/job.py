"""One model of a job: its state, how far it is, how long it takes yet, what went wrong, and how to cancel it.

`ThreadJob` works in a thread of this process, `ProcessJob` in a process of its own that ends with this one; a command that
outlives both is a job of this machine's queue or of Slurm (`lensmae.jobs.submit`), whose states have the same names.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

from lensmae.errors import Cancelled, LensMAEError
from lensmae.folders import said_plainly

_log = logging.getLogger("lensmae.jobs")
_AT_ONCE_S = 2.0


class JobState(StrEnum):
    """Where a job is. `stopped`: ended as asked, and can go on; `lost`: its process is gone without a word; `damaged`: its record
    cannot be read."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"
    DAMAGED = "damaged"

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self in (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING)

    @property
    def broken(self) -> bool:
        """Whether it ended as nobody wanted."""
        return self in (JobState.FAILED, JobState.LOST, JobState.DAMAGED)


class Report(Protocol):
    """What the work of a job is given to speak with; it is a `Progress` too, and may raise `Cancelled`."""

    def __call__(self, done: int, total: int, /) -> None:
        """So much of the whole is done."""

    def phase(self, text: str) -> None:
        """What is being done before the first step is: "loading the network"."""


class Job(ABC):
    """Work that is waited for. All attributes may be read at any time from any thread.

    Attributes:
        title: what is being done: "Simulating lenses-2".
        unit: of the steps, in the plural: "lenses".
        state: where it is; cancelling until the work has noticed.
        done, total: steps; 0 of 0 before the first.
        phase: what it waits for, or does, before the first step.
        result: what the work returned.
        problem: what went wrong.
        finished: set at the end, however it ends.
        left_behind: by one that is cancelled, in words.
    """

    left_behind = "; nothing was kept"

    def __init__(self, title: str = "", unit: str = "") -> None:
        self.title, self.unit = title, unit
        self.state = JobState.QUEUED
        self.done = self.total = 0
        self.phase = "waiting"
        self.result: Any = None
        self.problem: Exception | None = None
        self.finished = threading.Event()
        self._lock = threading.Lock()
        self._began, self._first = 0.0, (0.0, 0)
        self._at_end: Callable[[], None] = lambda: None

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state.active

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return min(1.0, self.done / max(1, self.total))

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the steps since the first report; None before the second and after the end."""
        began, before = self._first
        if not self.active or not before < self.done < self.total:
            return None
        return (time.monotonic() - began) / (self.done - before) * (self.total - self.done)

    @property
    def progress_text(self) -> str:
        """Where it is, in words: "40 of 300 lenses, about 12 s left"; before the first step, what it waits for."""
        if self.state is JobState.CANCELLING:
            return "cancelling"
        if self.state is JobState.QUEUED:
            return f"{self.phase} …"
        if self.total == 0:
            # Seconds that count show that it lives.
            waited = time.monotonic() - self._began
            return f"{self.phase} …" if waited < _AT_ONCE_S else f"{self.phase}, {waited:.0f} s …"
        counted = f"{self.done:,} of {self.total:,} {self.unit}".rstrip()
        left = self.seconds_left
        if left is None:
            return counted
        return f"{counted}, about {left / 60:.0f} min left" if left > 90 else f"{counted}, about {left:.0f} s left"

    @property
    def message(self) -> str:
        """How it ended, in a sentence; what the work returned, where that is one."""
        if self.state is JobState.FINISHED:
            return self.result if isinstance(self.result, str) else f"{self.title}: done."
        if self.state is JobState.CANCELLED:
            return f"{self.title} was cancelled{self.left_behind}."
        if isinstance(self.problem, OSError):
            return said_plainly(self.problem)
        if isinstance(self.problem, LensMAEError):
            return str(self.problem)
        return f"It hit an unexpected problem ({type(self.problem).__name__}). The server's log has the details."

    def start(self, at_end: Callable[[], None] | None = None) -> None:
        """Begin to work; a job that was cancelled meanwhile stays so.

        Args:
            at_end: called in the job's thread once it has ended.
        """
        with self._lock:
            if self.state is not JobState.QUEUED:
                return
            self.state, self.phase, self._began = JobState.RUNNING, "starting", time.monotonic()
            self._at_end = at_end or self._at_end
            threading.Thread(target=self._run, name=f"job {self.title}", daemon=True).start()

    def cancel(self) -> None:
        """End it: at once where it waits, else as soon as the work notices."""
        with self._lock:
            if self.state is JobState.QUEUED:
                self.state = JobState.CANCELLED
                self.finished.set()
            elif self.state is JobState.RUNNING:
                self.state = JobState.CANCELLING
                self._interrupt()

    @abstractmethod
    def _work(self) -> Any:
        """Do it, in the job's thread; raises `Cancelled` where it notices that it is cancelled."""

    def _interrupt(self) -> None:  # noqa: B027 - work that reports notices by itself
        """Make the work notice; called with the lock held."""

    def _report(self, done: int, total: int) -> None:
        if self.total == 0:
            self._first = (time.monotonic(), done)
        self.done, self.total = done, total

    def _run(self) -> None:
        try:
            self.result = self._work()
            state = JobState.FINISHED
        except Cancelled:
            state = JobState.CANCELLED
        except Exception as problem:  # noqa: BLE001 - kept, logged, and shown to whoever watches
            self.problem, state = problem, JobState.FAILED
            if not isinstance(problem, LensMAEError | OSError):
                _log.error("Job %r failed", self.title, exc_info=problem)
        with self._lock:
            self.state = state
        self.finished.set()
        self._at_end()


class ThreadJob(Job):
    """Work in a thread of this process, for what releases Python's lock or has processes of its own.

    Args:
        work: called with what it reports to. It must not touch Streamlit; it is cancelled at its next report.
    """

    def __init__(self, work: Callable[[Report], Any], title: str = "", unit: str = "") -> None:
        super().__init__(title, unit)
        self.work = work

    def _work(self) -> Any:
        return self.work(_ThreadReport(self))


class _ThreadReport:
    def __init__(self, job: ThreadJob) -> None:
        self._job = job

    def __call__(self, done: int, total: int, /) -> None:
        self._notice()
        self._job._report(done, total)

    def phase(self, text: str) -> None:
        self._notice()
        self._job.phase = text

    def _notice(self) -> None:
        if self._job.state is JobState.CANCELLING:
            raise Cancelled
