"""Long work in the background: it blocks no visitor, shows its progress, can be cancelled, and is done once for all who ask."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lensmae.app.guard import fragment

Progress = Callable[[int, int], None]
_KEPT = 64
_LOOK_S = 0.7


class Cancelled(BaseException):
    """Raised inside the work, by its own reports of progress, once somebody has cancelled it."""


@dataclass
class Job:
    """Work in a thread of its own, and its result."""

    work: Callable[[Progress], Any]
    done: int = 0
    total: int = 1
    result: Any = None
    problem: Exception | None = None
    cancelled: bool = False
    finished: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Work until the end, a failure, or a report of progress after `cancelled` was set."""
        try:
            self.result = self.work(self._progress)
        except Cancelled:
            self.result = None
        except Exception as problem:  # noqa: BLE001 - raised again for every visitor who waits
            self.problem = problem
        finally:
            self.finished.set()

    def _progress(self, done: int, total: int) -> None:
        if self.cancelled:
            raise Cancelled
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def _jobs() -> tuple[dict[Hashable, Job], threading.Lock]:
    return {}, threading.Lock()


def find(key: Hashable) -> Job | None:
    """The job of a key; None where nobody has asked for it, or it was cancelled."""
    job = _jobs()[0].get(key)
    return None if job is None or job.cancelled else job


def start(key: Hashable, work: Callable[[Progress], Any]) -> Job:
    """The job of a key, started where there is none.

    Args:
        key: of everything that the result depends on.
        work: called in a thread with the progress to report (done, total) to; it must not touch Streamlit.
    """
    jobs, lock = _jobs()
    with lock:
        job = find(key)
        if job is None or job.problem is not None:
            job = jobs[key] = Job(work)
            threading.Thread(target=job.run, name="job", daemon=True).start()
        for old in [name for name, kept in jobs.items() if kept.finished.is_set()][: max(0, len(jobs) - _KEPT)]:
            del jobs[old]
    return job


def offered(key: Hashable, work: Callable[[Progress], Any], label: str, button: str, begun: bool = False) -> Any:
    """What a job found. Where nobody has asked for it yet, a button starts it, or it starts at once where `begun`; while it
    works, its progress is drawn with a button that cancels it. None until there is a result."""
    job = find(key)
    if job is None and begun and key not in _jobs()[0]:
        job = start(key, work)
    if job is None:
        st.button(button, on_click=start, args=(key, work), icon=":material/play_arrow:", key=f"start-{label}")
        return None
    if not job.finished.is_set():
        fragment(_watch, run_every=_LOOK_S)(job, label)
        return None
    if job.problem is not None:
        raise job.problem
    return job.result


def _watch(job: Job, label: str) -> None:
    if job.finished.is_set() or job.cancelled:
        # The page is drawn once more, with the result and without this watch.
        st.rerun()
    bar, button = st.columns([6, 1], vertical_alignment="center")
    bar.progress(min(1.0, job.done / max(1, job.total)), text=f"{label}: {job.done} of {job.total}")
    button.button("Cancel", on_click=lambda: setattr(job, "cancelled", True), key=f"cancel-{label}", type="tertiary")
