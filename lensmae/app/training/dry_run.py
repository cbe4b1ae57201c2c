"""Checks before launch: a few steps of the wished run, in a process of its own that can be cancelled."""

import functools
import secrets
from collections.abc import Hashable
from typing import Any

import streamlit as st

from lensmae.app.jobs.board import PROCESSES, board
from lensmae.app.jobs.view import offered
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.units import duration, size
from lensmae.jobs import ProcessJob
from lensmae.training import RunConfig


def start_probe(config: RunConfig, form: str) -> None:
    """Begin to measure a configuration; `show_probe` shows how it goes beneath the form of this name."""
    forget_probe()
    st.session_state["probe"] = (("probe", secrets.token_hex(8)), config.model_dump(mode="json"), form)


def forget_probe() -> None:
    """End a measurement that is under way, and forget what one has found."""
    key, *_ = st.session_state.pop("probe", (None,))
    board().discard(key)


def show_probe(form: str) -> None:
    """What the check does, or has found; what was found of another form does not hold for this one, and is forgotten."""
    if "probe" in st.session_state and st.session_state["probe"][2] != form:
        forget_probe()
    if "probe" in st.session_state:
        key, config, _ = st.session_state["probe"]
        found = _measured(key, config)
        if found is not None:
            _show(found)


def _measured(key: Hashable, config: dict[str, Any]) -> dict[str, Any] | None:
    job = functools.partial(ProcessJob, "lensmae.training.probe:answer", config, "Checking what the run would take")
    return offered(key, job, lane=PROCESSES)


def _show(found: dict[str, Any]) -> None:
    fits = found["memory_bytes"] <= found["memory_available_bytes"]
    row = st.container(horizontal=True)
    row.metric("Expected duration", duration(found["seconds"]), border=True, help=f"{found['steps']:,} optimiser steps.")
    row.metric("Memory", size(found["memory_bytes"]), border=True, help=f"{size(found['memory_available_bytes'])} are free.")
    row.metric("Speed, images/s", f"{found['images_per_second']:.0f}", border=True, help=found["device"])
    row.metric("Weights", f"{found['parameters'] / 1e6:.2f} M", border=True)
    lenses = f"{found['training_lenses']:,} training and {found['validation_lenses']:,} validation lenses"
    if not fits:
        st.warning("This run needs more memory than is free; choose a smaller batch size or network.", icon=":material/memory:")
    else:
        st.success(f"It fits: {lenses}, on {found['device']}.", icon=":material/check_circle:")
    for note in found["notes"]:
        st.caption(plain(note))
