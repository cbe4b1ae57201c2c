"""Checks before launch: a few steps of the wished run, in a process of its own that can be cancelled."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import streamlit as st

from lensmae.app.shared.guard import fragment
from lensmae.app.shared.units import duration, size
from lensmae.jobs.submission import job_environment
from lensmae.training import RunConfig

_ROOT = Path(__file__).resolve().parents[3]


def start_probe(config: RunConfig) -> None:
    """Begin to measure a configuration; `show_probe` shows how it goes."""
    forget_probe()
    process = subprocess.Popen(
        [sys.executable, "-m", "lensmae.training.probe"],
        cwd=_ROOT,
        env=job_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    process.stdin.write(config.model_dump_json())
    process.stdin.close()
    st.session_state["probe"] = process
    st.session_state.pop("probed", None)


def forget_probe() -> None:
    """End a measurement that is under way, and forget what one has found."""
    process = st.session_state.pop("probe", None)
    if process is not None:
        process.kill()
        process.wait()
        process.stdout.close()
    st.session_state.pop("probed", None)


def show_probe() -> None:
    """What the check does, or has found."""
    if "probe" in st.session_state:
        fragment(_wait, run_every=1.0)()
    elif "probed" in st.session_state:
        _show(st.session_state["probed"])


def _wait() -> None:
    process = st.session_state.get("probe")
    if process is None:
        return
    if process.poll() is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info("Training a few steps to see what the run would take; about half a minute.", icon=":material/speed:")
            st.button("Cancel", on_click=_cancel, key="cancel-probe", icon=":material/close:")
        return
    said = process.stdout.read()
    st.session_state.pop("probe")
    process.stdout.close()
    died = {
        "problem": f"The check ended without a word (exit status {process.returncode}): most likely the memory did not suffice."
    }
    st.session_state["probed"] = json.loads(said) if said.strip() else died
    st.rerun()


def _cancel() -> None:
    forget_probe()


def _show(found: dict[str, Any]) -> None:
    if "problem" in found:
        st.error(found["problem"], icon=":material/error:")
        return
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
        st.caption(note)
