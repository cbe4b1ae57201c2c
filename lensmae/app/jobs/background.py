"""Background jobs that all visitors share: who asks for what is being computed already watches the same job."""

import threading
from collections.abc import Callable

import streamlit as st

from lensmae.app.shared.guard import fragment
from lensmae.evaluation.tasks.jobs import Job
from lensmae.evaluation.tasks.tasks import Task

_AT_ONCE = 2


class _Board:
    """Jobs in the order in which they were asked for; two run at once, the others wait."""

    def __init__(self) -> None:
        self._jobs: dict[Task, Job] = {}
        self._lock = threading.Lock()

    def get(self, task: Task) -> Job:
        with self._lock:
            job = self._jobs.setdefault(task, Job(task))
            running = sum(other.state == "running" for other in self._jobs.values())
            for waiting in [other for other in self._jobs.values() if other.state == "queued"][: max(0, _AT_ONCE - running)]:
                waiting.start()
            return job

    def forget(self, task: Task) -> None:
        with self._lock:
            job = self._jobs.pop(task, None)
        if job is not None:
            job.cancel()


@st.cache_resource(show_spinner=False)
def _board() -> _Board:
    return _Board()


def computed(task: Task, ready: Callable[[], bool], label: str) -> bool:
    """Whether what a task makes is there. Where it is not, the task is started or joined, and its progress drawn here; the page
    is drawn again when it is done.

    Args:
        ready: whether the result is on disk.
        label: what is being done, for the progress bar.
    """
    if ready():
        return True
    job = _board().get(task)
    fragment(_progress, run_every=1.0 if job.state in ("queued", "running") else None)(task, ready, label)
    return False


def _progress(task: Task, ready: Callable[[], bool], label: str) -> None:
    if ready():
        _board().forget(task)
        st.rerun()
    job = _board().get(task)
    left, right = st.columns([5, 1], vertical_alignment="center")
    if job.state in ("queued", "running"):
        share = job.done / job.total if job.total else 0.0
        left.progress(min(1.0, share), text=f"{label}: {_where(job)}")
        right.button("Cancel", icon=":material/close:", key=f"cancel-{label}", on_click=job.cancel)
        return
    left.warning(f"{label} was cancelled." if job.state == "cancelled" else f"{label} failed. {job.problem}")
    if right.button("Start again", icon=":material/refresh:", key=f"again-{label}"):
        _board().forget(task)
        st.rerun()


def _where(job: Job) -> str:
    if job.state == "queued":
        return "waiting for other computations"
    if job.total == 0:
        return "starting …"
    left = job.seconds_left
    remaining = "" if left is None else f", about {left / 60:.0f} min left" if left > 90 else f", about {left:.0f} s left"
    return f"{job.done:,} of {job.total:,}{remaining}"
