"""Lenses chosen in a projection: a gallery, their classes, and what can be taken away."""

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.embeddings.view_data import EmbeddingsView
from lensmae.app.grading.lenses import grade_some
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.guard import whole_page
from lensmae.data import subset_dataset
from lensmae.evaluation.embeddings.selection import count_table, selection_table
from lensmae.evaluation.facts import Fact
from lensmae.figures import Panel
from lensmae.workspace import read_only

_A_PAGE, _COLUMNS = 24, 8


def counts(view: EmbeddingsView, chosen: np.ndarray) -> None:
    """How many lenses of each class are chosen; `chosen` (N,) bool over the projection."""
    classes = view.dataset.lenses["class"].to_numpy(dtype=str)[view.rows]
    # Narrow: the column beside a projection holds no more.
    told = "Which part of the selected lenses are of this class."
    number = st.column_config.NumberColumn
    columns = {"class": st.column_config.TextColumn(width=74), "selected": number(width=66), "of": number(width=44)}
    columns |= {"part": number("share", format="percent", width=56, help=told)}
    st.dataframe(count_table(classes, chosen), hide_index=True, column_config=columns, alt="Selected lenses by class")


def gallery(view: EmbeddingsView, rows: np.ndarray, choice: Choice) -> None:
    """The chosen lenses on one flux scale, a page at a time."""
    pages = -(-len(rows) // _A_PAGE)
    page = st.pagination(pages, key=f"gallery-{pages}") if pages > 1 else 1
    shown = rows[(page - 1) * _A_PAGE : page * _A_PAGE]
    lenses = view.dataset.lenses
    images = np.asarray(view.dataset.images[shown])
    panels = [Panel(f"{row} · {lenses['class'].iat[row]}", image) for row, image in zip(shown.tolist(), images, strict=True)]
    lens_view(
        panels, key="gallery", unit=view.data.flux_unit, columns=_COLUMNS, own=loaders.mixes_units(view.data), **choice.display
    )
    grade_some(view.data, rows, choice, "selected")


def exports(view: EmbeddingsView, rows: np.ndarray, points: np.ndarray, colour: Fact | None) -> None:
    """The chosen lenses as a table, and as a data set of their own."""

    def table() -> bytes:
        whole = projection_table(view, points, colour)
        return whole[whole["row"].isin(rows)].to_csv(index=False).encode()

    st.download_button(
        "Selection (CSV)",
        table,
        f"selection-{view.data.name}-{len(rows)}.csv",
        "text/csv",
        icon=":material/download:",
        key="selection-csv",
        on_click="ignore",
    )
    if read_only():
        st.caption("This dashboard is read-only, so no data set can be made here.")
        return
    with st.popover("New data set", icon=":material/library_add:"):
        with st.form("subset", border=False):
            name = st.text_input("Name", f"{view.data.name[:40]}-part", help="Letters, digits, '.', '_' and '-'.")
            sent = st.form_submit_button(f"Make it of {len(rows):,} lenses", type="primary")
        if sent:
            made = subset_dataset(view.dataset, rows, name.strip())
            st.success(f"Data set {made.name} holds {made.info.n:,} lenses.", icon=":material/check:")
            st.button("Look at it", icon=":material/arrow_forward:", on_click=_look_at, args=(made.name,))


def _look_at(name: str) -> None:
    # A link to the page that is open would leave the sidebar's choice as it is.
    st.session_state["data"] = name
    whole_page()


def projection_table(view: EmbeddingsView, points: np.ndarray, colour: Fact | None) -> pd.DataFrame:
    """All lenses of the projection with their facts, their positions and the colour."""
    return selection_table(view.dataset.lenses.iloc[view.rows], view.rows, points, colour)
