"""What can be taken away of graded lenses: tables, and data sets to train on."""

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from lensmae.app.grading.state import Sheet
from lensmae.app.shared import loaders
from lensmae.app.shared.guard import whole_page
from lensmae.data import subset_dataset
from lensmae.evaluation.grading.sheet import exported
from lensmae.workspace import read_only

_LABELS = {"class": "their true class", "grade": "their grade", "tag": "their first tag"}


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """A sheet for reading: tags in one line, without what only a machine reads."""
    return table.drop(columns=["seed", "source_file"], errors="ignore").assign(tags=table["tags"].map(", ".join))


def columns(table: pd.DataFrame) -> dict[str, Any]:
    """How probabilities and errors are written; all digits are in the files."""
    chances = {name: st.column_config.NumberColumn(format="%.4f") for name in table if name.startswith("P(")}
    return chances | {"reconstruction_mse": st.column_config.NumberColumn(format="%.2e")}


def take_away(seen: Sheet, now: Callable[[], Sheet]) -> None:
    """Downloads, and a data set of what is shown.

    Args:
        seen: what is on the screen.
        now: the same with the marks of the moment, for files, which are made when they are asked for.
    """
    stem = f"grades-{seen.info.name}"
    with st.container(horizontal=True, gap="small"):
        _save("CSV", lambda: _csv(now().shown), f"{stem}.csv", "text/csv")
        _save("Parquet", lambda: _parquet(exported(now().shown)), f"{stem}.parquet", "application/vnd.apache.parquet")
        _save("Every grader's marks (CSV)", lambda: _csv(now().graded), f"marks-{seen.info.name}.csv", "text/csv")
        if not read_only() and len(seen.shown):
            with st.popover("New data set", icon=":material/library_add:"):
                _new_set(seen)


def _csv(table: pd.DataFrame) -> bytes:
    return exported(table).to_csv(index=False).encode()


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _save(label: str, made: object, name: str, kind: str) -> None:
    st.download_button(
        label, made, name, kind, icon=":material/download:", type="tertiary", on_click="ignore", key=f"save-{name}"
    )


def _new_set(now: Sheet) -> None:
    """The lenses shown as a data set, with labels of one's own where wished."""
    with st.form("graded-set", border=False):
        name = st.text_input("Name", f"{now.info.name[:40]}-graded", help="Letters, digits, '.', '_' and '-'.")
        by = st.selectbox("Labelled by", list(_LABELS), format_func=_LABELS.get, help="Lenses without one are left out.")
        sent = st.form_submit_button(f"Make it of these {len(now.shown):,} lenses", type="primary")
    if sent:
        labels = _labels(now.shown, by)
        rows = now.shown["row"].to_numpy()
        if labels is not None:
            rows, labels = rows[(labels != "").to_numpy()], labels[labels != ""]
        dataset = loaders.get_dataset(now.info)
        made = subset_dataset(dataset, rows, name.strip(), None if labels is None else labels.to_numpy(dtype=str))
        st.success(f"Data set {made.name} holds {made.info.n:,} lenses: {_counts(made.info.counts)}.", icon=":material/check:")
        st.button("Look at it", icon=":material/arrow_forward:", on_click=_look_at, args=(made.name,))


def _look_at(name: str) -> None:
    st.session_state["set"] = name
    whole_page()


def _labels(shown: pd.DataFrame, by: str) -> pd.Series | None:
    if by == "class":
        return None
    return shown["grade"] if by == "grade" else shown["tags"].map(lambda tags: tags[0] if tags else "")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
