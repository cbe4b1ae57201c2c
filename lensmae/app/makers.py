"""Long work that makes data sets: in a thread of the server, so that it outlives the page and the visitor who started it, and
every visitor sees how far it is. The work itself runs in processes of its own."""

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st

from lensmae.errors import DatasetError, LensMAEError
from lensmae.workspace import uploads_dir

if TYPE_CHECKING:
    from lensmae.data import ImportOptions

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]
Work = Callable[[Progress, Cancelled], str]
_log = logging.getLogger("lensmae.app")
_AT_ONCE = 2


@dataclass
class Job:
    """Work that makes a data set.

    Attributes:
        name: of the data set.
        title: what is being done.
        work: called with (progress, cancelled); returns the sentence to end with.
        done, total: lenses.
        state: cancelling until the work has noticed.
        message: how it ended.
        problem: what went wrong, for those who wait in Python.
        finished: set at the end, however it ends.
    """

    name: str
    title: str
    work: Work
    done: int = 0
    total: int = 0
    state: Literal["running", "cancelling", "finished", "failed", "cancelled"] = "running"
    message: str = ""
    problem: Exception | None = None
    finished: threading.Event = field(default_factory=threading.Event)
    _cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("running", "cancelling")

    def cancel(self) -> None:
        """Ask it to stop at its next block of lenses; what it wrote is then removed."""
        if self.running:
            self.state = "cancelling"
            self._cancel.set()

    def run(self) -> None:
        """Do the work; called in its thread."""
        try:
            self.message = self.work(self._progress, self._cancel.is_set)
            self.state = "finished"
        except Exception as problem:  # noqa: BLE001 - kept, logged, and shown to whoever watches
            self.problem = problem
            self.state = "cancelled" if self._cancel.is_set() else "failed"
            self.message = str(problem)
            if not isinstance(problem, LensMAEError | OSError):
                _log.error("Job %s failed", self.title, exc_info=problem)
                self.message = f"It hit an unexpected problem ({type(problem).__name__}). The server's log has the details."
        finally:
            self.finished.set()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def _registry() -> tuple[dict[str, Job], threading.Lock]:
    return {}, threading.Lock()


def start(name: str, title: str, work: Work) -> Job:
    """Start a job, or give the one that is making this data set already."""
    jobs, lock = _registry()
    with lock:
        if name in jobs and jobs[name].running:
            return jobs[name]
        if sum(job.running for job in jobs.values()) >= _AT_ONCE:
            raise DatasetError(f"{_AT_ONCE} jobs are running already; start this one when one of them has ended.")
        jobs[name] = Job(name, title, work)
        threading.Thread(target=jobs[name].run, name=f"job-{name}", daemon=True).start()
        return jobs[name]


def all_jobs() -> list[Job]:
    """Jobs that run, and ended ones that nobody has dismissed."""
    jobs, lock = _registry()
    with lock:
        return list(jobs.values())


def dismiss(job: Job) -> None:
    """Forget an ended job."""
    jobs, lock = _registry()
    with lock:
        if jobs.get(job.name) is job and not job.running:
            del jobs[job.name]


def simulate(
    preset: str,
    name: str,
    per_class: int,
    seed: int,
    progress: Progress,
    cancelled: Cancelled,
    classes: Sequence[str] = (),
) -> str:
    """Simulate a data set, as the work of a job."""
    from lensmae.data import simulate_dataset

    info = simulate_dataset(preset, name, per_class, seed, classes=classes, progress=progress, cancelled=cancelled).info
    return f"{name} is ready: {info.n:,} lenses."


def bring_in(source: Path, name: str, options: "ImportOptions", progress: Progress, cancelled: Cancelled) -> str:
    """Import a data set, as the work of a job; an uploaded file is removed once it is over."""
    from lensmae.data import import_dataset

    try:
        report = import_dataset(source, name, options, progress=progress, cancelled=cancelled)
    finally:
        if source.is_relative_to(uploads_dir()):
            shutil.rmtree(source.parent, ignore_errors=True)
    left_out = f" Left out, and named below: {len(report.skipped):,}." if report.skipped else ""
    return f"{name} is ready: {report.dataset.info.n:,} lenses.{left_out}"
