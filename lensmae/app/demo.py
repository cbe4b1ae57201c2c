"""A first start with an empty workspace makes its own lenses: seconds, once, whoever comes first."""

import threading

import streamlit as st

from lensmae.app import loaders
from lensmae.app.widgets import progress_bar
from lensmae.data import simulate_dataset
from lensmae.workspace import read_only

_SETS = (("model_ii", "demo", 120), ("superres", "demo-pairs", 60))
_SEED = 2026


@st.cache_resource(show_spinner=False)
def _lock() -> threading.Lock:
    return threading.Lock()


def ensure_demo() -> None:
    """Simulate the demo sets where the workspace has no set of their kind; a second visitor waits for the first."""
    if read_only() or (loaders.datasets() and loaders.datasets(pairs=True)):
        return
    with _lock():
        for preset, name, per_class in _SETS:
            if not loaders.datasets(pairs=preset == "superres"):
                with progress_bar(f"First start: simulating the data set “{name}”") as progress:
                    simulate_dataset(preset, name, per_class, _SEED, progress=progress)
