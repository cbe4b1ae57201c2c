"""Selections of lenses that are kept under a name: a tag on each of them, which grading, tables and links know too."""

import numpy as np
import streamlit as st

from lensmae.app.embeddings import selection
from lensmae.app.embeddings.view_data import View
from lensmae.app.grading.desk import grader
from lensmae.app.shared.plain_text import plain
from lensmae.data.records.grades import Mark, add_marks
from lensmae.errors import RecordError
from lensmae.workspace import read_only

# Whose tags they are where nobody has said who grades.
_NOBODY = "selections"


def keep_selection(view: View, rows: np.ndarray) -> None:
    """A form that keeps the selected lenses."""
    if read_only():
        return
    with st.popover("Keep it", icon=":material/bookmark_add:"), st.form("keep-selection", border=False):
        name = st.text_input("Name of the selection", max_chars=40, help="Each of the lenses gets it as a tag.").strip()
        if st.form_submit_button(f"Keep {len(rows):,} lenses", type="primary") and name:
            ids = view.dataset.lenses["id"]
            add_marks(
                view.data.fingerprint, grader() or _NOBODY, [Mark(str(row), str(ids.iat[row]), "tag", name) for row in rows]
            )
            st.success(f"Kept as {plain(name)}.", icon=":material/check:")


def kept_selections(view: View) -> None:
    """Those that are kept of this data set, each a click away; nothing where there are none."""
    try:
        found = selection.tagged_rows(view)
    except RecordError as problem:
        st.warning(plain(str(problem)), icon=":material/bookmark:")
        return
    if not found:
        return
    with st.popover("Kept selections", icon=":material/bookmarks:"):
        for name, rows in found.items():
            inside = np.intersect1d(rows, view.rows)
            label = f"{plain(name)} ({len(inside):,} of {len(rows):,} here)"
            st.button(label, key=f"kept-{name}", on_click=selection.select_tag, args=(view, name), disabled=not len(inside))
