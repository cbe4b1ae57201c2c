"""The jobs of the server: they outlive the page and the visitor who asked, show their progress to all, and are done once for all
who ask."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from lensmae.errors import LensMAEError
from lensmae.jobs import Job, JobState

_KEPT = 64


@dataclass(frozen=True)
class Lane:
    """Jobs that wait for each other.

    Attributes:
        name: of the lane.
        at_once: how many of it run together, the others in the order in which they were asked for; None for all.
        keeps: whether a finished job answers for its key from then on; else it is started anew when asked for.
    """

    name: str
    at_once: int | None
    keeps: bool


# Work in threads, whose results stay in memory; in processes, which keep them on disk; and what makes data sets.
RESULTS = Lane("results", None, keeps=True)
PROCESSES = Lane("processes", 2, keeps=False)
DATASETS = Lane("data sets", 2, keeps=False)


class Board:
    """Jobs by what their results depend on."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, tuple[Lane, Job]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Job | None:
        """The job of a key, whatever has become of it; None where nobody has asked for it."""
        return self._jobs.get(key, (RESULTS, None))[1]

    def listed(self, lane: Lane) -> dict[Hashable, Job]:
        """The jobs of a lane by their keys: active ones, and ended ones that are not forgotten."""
        with self._lock:
            return {key: job for key, (its, job) in self._jobs.items() if its == lane}

    def start(self, key: Hashable, job: Job, lane: Lane = RESULTS) -> Job:
        """Start a job, or have it wait for others of its lane; where one of this key does already, that one.

        Args:
            key: of everything that the result depends on.
            job: what to start.
            lane: where it belongs.

        Raises `LensMAEError` where the job of this key has not noticed yet that it is cancelled.
        """
        with self._lock:
            before = self.get(key)
            if before is not None and before.state in _answers(lane):
                return before
            if before is not None and before.active and not lane.keeps:
                raise LensMAEError(f"{before.title} is just being cancelled; try again in a moment.")
            self._jobs[key] = (lane, job)
            self._drop_old()
        self._advance(lane)
        return job

    def forget(self, key: Hashable, job: Job) -> None:
        """Forget a job that has ended, unless another has taken its key."""
        with self._lock:
            if self.get(key) is job and not job.active:
                del self._jobs[key]

    def discard(self, key: Hashable) -> None:
        """Cancel and forget a job, where there is one."""
        with self._lock:
            _, job = self._jobs.pop(key, (RESULTS, None))
        if job is not None:
            job.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait until no job is active; whether each has ended within so many seconds."""
        return all(job.finished.wait(seconds) for _, job in list(self._jobs.values()))

    def clear(self) -> None:
        """Cancel and forget all jobs."""
        for key in list(self._jobs):
            self.discard(key)

    def _advance(self, lane: Lane) -> None:
        """Start those whose turn it is."""
        with self._lock:
            jobs = [job for its, job in self._jobs.values() if its == lane]
            running = [job for job in jobs if job.active and job.state is not JobState.QUEUED]
            waiting = [job for job in jobs if job.state is JobState.QUEUED]
            free = len(waiting) if lane.at_once is None else max(0, lane.at_once - len(running))
            for job in waiting[:free]:
                job.start(at_end=lambda: self._advance(lane))
            for job in waiting[free:]:
                job.phase = "waiting for: " + "; ".join(other.title for other in [*running, *waiting[:free]])

    def _drop_old(self) -> None:
        ended = [key for key, (lane, job) in self._jobs.items() if lane.keeps and not job.active]
        for key in ended[: max(0, len(self._jobs) - _KEPT)]:
            del self._jobs[key]


def _answers(lane: Lane) -> tuple[JobState, ...]:
    waits_or_runs = (JobState.QUEUED, JobState.RUNNING)
    return (*waits_or_runs, JobState.FINISHED) if lane.keeps else waits_or_runs


@st.cache_resource(show_spinner=False)
def board() -> Board:
    """The one board of this server."""
    return Board()
