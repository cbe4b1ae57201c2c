"""A first start with an empty workspace makes its own lenses: seconds, once, whoever comes first."""

import functools

import streamlit as st

from lensmae.app.data import makers
from lensmae.app.jobs.board import Progress
from lensmae.app.shared import loaders
from lensmae.errors import DatasetError, LensMAEError
from lensmae.workspace import read_only

LENSES = ("model_ii", "demo", 100, 26_120)
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


def _mixed(preset: str, name: str, per_class: int, seed: int, progress: Progress) -> str:
    """Lenses with what files do to them, so that every page has something to show: not all answers are right."""
    from lensmae.data import simulate_dataset
    from lensmae.data.mixed import mix_nuisances

    info = simulate_dataset(preset, name, per_class, seed, progress=progress, finish=mix_nuisances).info
    return f"{name} is ready: {info.n:,} lenses."


def _ensure(preset: str, name: str, per_class: int, seed: int) -> None:
    make = _mixed if (preset, name, per_class, seed) == LENSES else makers.simulate
    job = makers.start(name, f"Simulating {name}", functools.partial(make, preset, name, per_class, seed))
    bar = st.progress(0.0, text="First start: simulating lenses …")
    while not job.finished.wait(0.1):
        bar.progress(job.share, text=f"First start: simulating {name}, {job.done} of {job.total} lenses")
    bar.empty()
    makers.forget(name, job)
    if job.state == "cancelled":
        raise DatasetError(makers.message(job))
    # Another server on the same workspace may have been first; then its set is there, and that is all that was wanted.
    if job.problem is not None and not (isinstance(job.problem, LensMAEError | OSError) and _exists(name)):
        raise job.problem


def _exists(name: str) -> bool:
    return any(info.name == name for info in loaders.datasets() + loaders.datasets(pairs=True))
