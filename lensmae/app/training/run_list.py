"""All runs in a table, and the queue's setting."""

import pandas as pd
import streamlit as st

from lensmae.app.shared.units import duration
from lensmae.jobs import at_once, live_tickets, set_at_once
from lensmae.training import KINDS, RunStatus, list_runs, open_run


def run_note(run_id: str) -> str:
    """What people wrote about a run."""
    path = open_run(run_id).notes
    return path.read_text(encoding="utf-8", errors="replace")[:4000] if path.is_file() else ""


def run_table() -> None:
    """All runs, newest first."""
    waiting = [ticket.job for ticket in live_tickets() if not ticket.started]
    table = pd.DataFrame([_row(status, waiting) for status in list_runs()])
    progress = st.column_config.ProgressColumn("progress", format="percent", min_value=0.0, max_value=1.0)
    speed = st.column_config.NumberColumn("images/s", format="%.1f")
    height = 38 + 35 * min(6, len(table))
    st.dataframe(table, hide_index=True, height=height, column_config={"progress": progress, "images/s": speed})
    _queue_setting(len(waiting))


def _row(status: RunStatus, waiting: list[str]) -> dict[str, object]:
    state = f"{status.state}, number {waiting.index(status.id) + 1}" if status.id in waiting else status.state
    return {
        "run": status.id,
        "kind": KINDS[status.kind].title if status.kind in KINDS else status.kind,
        "state": state,
        "progress": status.step / max(1, status.total_steps),
        "images/s": status.images_per_second,
        "time left": duration(status.eta_s) if status.state.active else "",
        "message": status.message,
        "notes": run_note(status.id),
    }


def _queue_setting(waiting: int) -> None:
    def change() -> None:
        set_at_once(st.session_state["at-once"])

    if st.session_state.get("at-once") != at_once():
        st.session_state["at-once"] = at_once()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        told = "Runs train at the same time on this machine, at most; the others wait for their turn. For everybody, at once."
        st.number_input("Runs at once", 1, 64, key="at-once", on_change=change, width=140, help=told)
        st.caption(f"{waiting} waiting" if waiting else "none waiting")
