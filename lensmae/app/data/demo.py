"""A first start with an empty workspace makes its own lenses: seconds, once, whoever comes first."""

from typing import TYPE_CHECKING

import streamlit as st

from lensmae.app.data import dataset_jobs
from lensmae.app.shared import loaders
from lensmae.errors import DatasetError, LensMAEError
from lensmae.jobs import JobState
from lensmae.workspace import read_only

if TYPE_CHECKING:
    from lensmae.data.simulation.simulate import Finish

# Of several presets, and changed as files change images: a set on which the shipped networks are mostly right, not always.
LENSES = ("demonstration", "demo", 150, 26_120)
PAIRS = ("superres", "demo-pairs", 60, 26_121)


def ensure_lenses() -> None:
    """Simulate the demo lenses where the workspace has no lenses; all visitors see the same progress."""
    if not loaders.datasets() and not read_only():
        _ensure(*LENSES)


def ensure_pairs() -> None:
    """Simulate the demo pairs where the workspace has no LR/HR pairs, then draw the page again with them."""
    if not loaders.datasets(pairs=True) and not read_only():
        _ensure(*PAIRS)
        st.rerun()


def _nuisances() -> "Finish":
    """Lenses get what files do to them, so that every page has something to show: not all answers are right."""
    from lensmae.data.mixed import mix_nuisances

    return mix_nuisances


def _ensure(preset: str, name: str, per_class: int, seed: int) -> None:
    finish = _nuisances() if name == LENSES[1] else None
    job = dataset_jobs.start_simulation(name, preset, per_class, seed, finish=finish)
    bar = st.progress(0.0, text="First start: simulating lenses …")
    while not job.finished.wait(0.25):
        bar.progress(job.share, text=f"First start: simulating {name}: {job.progress_text}")
    bar.empty()
    dataset_jobs.forget(name, job)
    if job.state is JobState.CANCELLED:
        raise DatasetError(job.message)
    # Another server on the same workspace may have been first; then its set is there, and that is all that was wanted.
    if job.problem is not None and not (isinstance(job.problem, LensMAEError | OSError) and _exists(name)):
        raise job.problem


def _exists(name: str) -> bool:
    return any(info.name == name for info in loaders.datasets() + loaders.datasets(pairs=True))
