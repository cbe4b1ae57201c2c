"""Runs on the Training page: a table of all, and one with its curve and its buttons."""

import pandas as pd
import streamlit as st

from lensmae.app.widgets import figure, numbers
from lensmae.figures import training_curve
from lensmae.training import RunStatus, delete_run, get_run, list_runs, read_log, read_metrics, resume, stop
from lensmae.workspace import read_only

_ACTIVE = ("running", "queued")


def run_table() -> None:
    """All runs, newest first."""
    rows = [
        {
            "run": status.id,
            "kind": status.kind,
            "state": status.state,
            "progress": status.step / max(1, status.total_steps),
            "images/s": status.images_per_second,
            "time left": duration(status.eta_s) if status.state in _ACTIVE else "",
            "message": status.message,
        }
        for status in list_runs()
    ]
    progress = st.column_config.ProgressColumn("progress", format="percent", min_value=0.0, max_value=1.0)
    speed = st.column_config.NumberColumn("images/s", format="%.1f")
    height = 38 + 35 * min(6, len(rows))
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=height, column_config={"progress": progress, "images/s": speed})


def follow(run_id: str) -> None:
    """State, buttons, curve and log of one run."""
    status = get_run(run_id)
    state, steps, speed, left = st.columns(4)
    state.metric("State", status.state, border=True)
    steps.metric("Step", f"{status.step:,} of {status.total_steps:,}", border=True)
    speed.metric("Speed", f"{status.images_per_second:.1f} images/s", border=True)
    left.metric("Time left", duration(status.eta_s) if status.state in _ACTIVE else "–", border=True)
    if status.message:
        (st.error if status.state in ("failed", "lost") else st.info)(status.message)
    if not read_only():
        _buttons(status)
    _curve(run_id)
    with st.expander("Log"):
        st.code(read_log(run_id, 60) or "Nothing printed yet.", language=None)


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def _buttons(status: RunStatus) -> None:
    with st.container(horizontal=True):
        if status.state in _ACTIVE:
            st.button("Stop", icon=":material/stop:", on_click=stop, args=(status.id,), help="Finish the step, save, end.")
        elif status.state != "finished":
            st.button("Resume", icon=":material/play_arrow:", on_click=resume, args=(status.id,))
        if status.state not in _ACTIVE:
            with st.popover("Delete", icon=":material/delete:"):
                st.write(f"Delete {status.id} with its model and its curve?")
                if st.button("Delete it", type="primary"):
                    delete_run(status.id)
                    st.rerun()


def _curve(run_id: str) -> None:
    metrics = read_metrics(run_id)
    losses = [name for name in metrics.columns if name.endswith("_loss")]
    others = [name for name in metrics.columns if name.startswith("validation_") and name not in losses]
    if metrics.empty:
        st.info("The curve begins with the first save.", icon=":material/hourglass_empty:")
        return
    left, right = st.columns(2)
    with left:
        figure(training_curve(metrics, losses, "loss"), "loss")
    with right:
        if others:
            figure(training_curve(metrics, others, "figure of the validation split", log_y=False), "validation")
    numbers(metrics, f"curve-{run_id}")
