"""What can be taken away of graded lenses: tables, and data sets to train on."""

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from lensmae.app.grading.labels import choose_labels, made, own_labels
from lensmae.app.grading.state import Sheet
from lensmae.app.shared import loaders
from lensmae.app.shared.guard import whole_page
from lensmae.app.shared.plain_text import plain
from lensmae.data import subset_dataset
from lensmae.data.columns import COLUMNS
from lensmae.data.value_titles import TITLED, value_titles
from lensmae.evaluation.grading.sheet import exported, title
from lensmae.workspace import read_only

_WIDE = {"id": 130, "class": 80}


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """A sheet for reading: tags in one line, presets by their titles, without what only a machine reads."""
    shown = table.drop(columns=["seed", "source_file"], errors="ignore").assign(tags=table["tags"].map(", ".join))
    return shown.assign(**{name: value_titles(name, shown[name].to_numpy()) for name in TITLED if name in shown})


def columns(table: pd.DataFrame) -> dict[str, Any]:
    """Headings, with what they mean, and how numbers are written; all digits, and the names of the columns, are in the files."""
    made = {name: st.column_config.Column(title(name), help=COLUMNS[name].meaning if name in COLUMNS else None) for name in table}
    # Wide enough for what is hidden at first.
    made |= {
        name: st.column_config.Column(title(name), width=width) for name, width in (("id", 130), ("class", 80)) if name in made
    }
    forms = {name: "%.4f" for name in table if name.startswith("P(")} | {"reconstruction_mse": "%.2e"}
    return made | {name: st.column_config.NumberColumn(title(name), format=form) for name, form in forms.items()}


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
        by, tags = choose_labels(now.shown["tags"], {"class": "their true class"})
        sent = st.form_submit_button(f"Make it of these {len(now.shown):,} lenses", type="primary")
    if sent:
        rows, labels = now.shown["row"].to_numpy(), None
        if by != "class":
            labels = own_labels(now.shown, by, tags)
            rows, labels = rows[labels != ""], labels[labels != ""]
        new = subset_dataset(loaders.get_dataset(now.info), rows, name.strip(), labels)
        st.success(plain(made(new.name, new.info.counts, len(now.shown) - len(rows))), icon=":material/check:")
        st.button("Look at it", icon=":material/arrow_forward:", on_click=_look_at, args=(new.name,))


def _look_at(name: str) -> None:
    st.session_state["set"] = name
    whole_page()
