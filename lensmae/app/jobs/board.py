"""Long work in threads of the server: it outlives the page and the visitor who asked, shows its progress to all, can be
cancelled, and is done once for all who ask."""

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from lensmae.app.shared.guard import fragment
from lensmae.errors import Cancelled, LensMAEError

Progress = Callable[[int, int], None]
Work = Callable[[Progress], Any]
_KEPT = 64
_LOOK_S = 0.7
_log = logging.getLogger("lensmae.app")


@dataclass
class Job:
    """Work in a thread of its own, and its result.

    Attributes:
        work: called with the progress to report (done, total) to; it must not touch Streamlit.
        title: what is being done.
        group: of jobs that are listed together.
        state: cancelling until the work has noticed.
        result: what the work returned.
        problem: what went wrong.
        finished: set at the end, however it ends.
    """

    work: Work
    title: str = ""
    group: str = ""
    done: int = 0
    total: int = 0
    state: Literal["running", "cancelling", "finished", "failed", "cancelled"] = "running"
    result: Any = None
    problem: Exception | None = None
    finished: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("running", "cancelling")

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return min(1.0, self.done / max(1, self.total))

    def cancel(self) -> None:
        """End it at its next report of progress."""
        with self._lock:
            if self.running:
                self.state = "cancelling"

    def run(self) -> None:
        """Work until the end, a failure, or a report of progress after `cancel`; called in its thread."""
        try:
            self.result = self.work(self._progress)
            self._end("finished")
        except Cancelled:
            self._end("cancelled")
        except Exception as problem:  # noqa: BLE001 - kept, logged, and shown to whoever watches
            self.problem = problem
            self._end("failed")
            if not isinstance(problem, LensMAEError | OSError):
                _log.error("Job %r failed", self.title, exc_info=problem)

    def _end(self, state: Literal["finished", "failed", "cancelled"]) -> None:
        with self._lock:
            self.state = state
        self.finished.set()

    def _progress(self, done: int, total: int) -> None:
        if self.state == "cancelling":
            raise Cancelled
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def _jobs() -> tuple[dict[Hashable, Job], threading.Lock]:
    return {}, threading.Lock()


def find(key: Hashable) -> Job | None:
    """The job of a key; None where nobody has asked for it, or it was cancelled."""
    job = _jobs()[0].get(key)
    return None if job is None or job.state in ("cancelling", "cancelled") else job


def listed(group: str) -> dict[Hashable, Job]:
    """The jobs of a group by their keys: those that run, and ended ones that are not forgotten."""
    jobs, lock = _jobs()
    with lock:
        return {key: job for key, job in jobs.items() if job.group == group}


def start(key: Hashable, work: Work, title: str = "", group: str = "", at_once: int | None = None) -> Job:
    """The job of a key, started where there is none that runs or, outside groups, has a result. Jobs of a group change the disk:
    one that has ended is started anew when asked for.

    Args:
        key: of everything that the result depends on.
        at_once: how many of the group may run.

    Raises `LensMAEError` where so many of the group run, or the one of this key has not noticed yet that it is cancelled.
    """
    jobs, lock = _jobs()
    with lock:
        job = jobs.get(key)
        if job is not None and (job.state == "running" or (job.state == "finished" and not group)):
            return job
        if group and job is not None and job.running:
            raise LensMAEError(f"{job.title} is just being cancelled; try again in a moment.")
        if at_once is not None and sum(other.running for other in jobs.values() if other.group == group) >= at_once:
            raise LensMAEError(f"{at_once} jobs are running already; start this one when one of them has ended.")
        job = jobs[key] = Job(work, title, group)
        threading.Thread(target=job.run, name="job", daemon=True).start()
        ended = [name for name, kept in jobs.items() if not kept.running and not kept.group]
        for old in ended[: max(0, len(jobs) - _KEPT)]:
            del jobs[old]
    return job


def forget(key: Hashable, job: Job) -> None:
    """Forget a job that has ended, unless another has taken its key."""
    jobs, lock = _jobs()
    with lock:
        if jobs.get(key) is job and not job.running:
            del jobs[key]


def offered(key: Hashable, work: Work, label: str, button: str, begun: bool = False) -> Any:
    """What a job found. Where nobody has asked for it yet, a button starts it, or it starts at once where `begun`; while it
    works, its progress is drawn with a button that cancels it. None until there is a result."""
    job = find(key)
    if job is None and begun and key not in _jobs()[0]:
        job = start(key, work, label)
    if job is None:
        st.button(button, on_click=start, args=(key, work, label), icon=":material/play_arrow:", key=f"start-{label}")
        return None
    if not job.finished.is_set():
        fragment(_watch, run_every=_LOOK_S)(job, label)
        return None
    if job.problem is not None:
        raise job.problem
    return job.result


def _watch(job: Job, label: str) -> None:
    if job.state != "running":
        # The page is drawn once more, with the result and without this watch.
        st.rerun()
    bar, button = st.columns([6, 1], vertical_alignment="center")
    bar.progress(job.share, text=f"{label}: {job.done} of {job.total}" if job.total else f"{label} …")
    button.button("Cancel", on_click=job.cancel, key=f"cancel-{label}", type="tertiary")
