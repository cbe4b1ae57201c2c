"""A first start with an empty workspace makes its own lenses: seconds, once, whoever comes first."""

import threading
from dataclasses import dataclass, field

import streamlit as st

from lensmae.app import loaders
from lensmae.errors import LensMAEError
from lensmae.workspace import read_only

LENSES = ("model_ii", "demo", 100, 26_120)
PAIRS = ("superres", "demo-pairs", 60, 26_121)


@dataclass
class _Job:
    """A simulation in a thread of its own: it outlives the visitor who started it, and every visitor can watch it."""

    preset: str
    name: str
    per_class: int
    seed: int
    done: int = 0
    total: int = 1
    problem: BaseException | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        from lensmae.data import simulate_dataset

        try:
            simulate_dataset(self.preset, self.name, self.per_class, self.seed, progress=self._progress)
        except Exception as problem:  # noqa: BLE001 - raised again in the thread of every visitor who waits
            self.problem = problem
        finally:
            self.finished.set()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def _jobs() -> tuple[dict[str, _Job], threading.Lock]:
    return {}, threading.Lock()


def ensure_lenses() -> None:
    """Simulate the demo lenses where the workspace has no lenses; all visitors see the same progress."""
    if not loaders.datasets() and not read_only():
        _ensure(*LENSES)


def ensure_pairs() -> None:
    """Simulate the demo pairs where the workspace has no LR/HR pairs, then draw the page again with them."""
    if not loaders.datasets(pairs=True) and not read_only():
        _ensure(*PAIRS)
        st.rerun()


def _ensure(preset: str, name: str, per_class: int, seed: int) -> None:
    jobs, lock = _jobs()
    with lock:
        if name not in jobs:
            jobs[name] = _Job(preset, name, per_class, seed)
            threading.Thread(target=jobs[name].run, name=f"simulate-{name}", daemon=True).start()
        job = jobs[name]
    bar = st.progress(0.0, text="First start: simulating lenses …")
    while not job.finished.wait(0.1):
        bar.progress(min(1.0, job.done / job.total), text=f"First start: simulating {name}, {job.done} of {job.total} lenses")
    bar.empty()
    with lock:
        jobs.pop(name, None)
    # Another server on the same workspace may have been first; then its set is there, and that is all that was wanted.
    if job.problem is not None and not (isinstance(job.problem, LensMAEError | OSError) and _exists(name)):
        raise job.problem


def _exists(name: str) -> bool:
    return any(info.name == name for info in loaders.datasets() + loaders.datasets(pairs=True))
