"""Selections of lenses that are kept under a name: a tag on each of them, which grading, tables and links know too."""

import numpy as np
import streamlit as st

from lensmae.app.embeddings import selection
from lensmae.app.embeddings.view_data import EmbeddingsView
from lensmae.app.grading.desk import grader
from lensmae.app.shared.plain_text import plain
from lensmae.data.records.grades import Mark, add_marks, graded
from lensmae.errors import RecordError
from lensmae.workspace import read_only

# Whose tags they are where nobody has said who grades.
_NOBODY = "selections"


def keep_selection(view: EmbeddingsView, rows: np.ndarray) -> None:
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


def kept_selections(view: EmbeddingsView) -> None:
    """Those that are kept of this data set, each a click away, and one's own to be rid of; nothing where there are none."""
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
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(label, key=f"kept-{name}", on_click=selection.select_tag, args=(view, name), disabled=not len(inside))
                mine = [] if read_only() else _own(view, name)
                if mine:
                    told = f"Take the tag {plain(name)} off these lenses; other people's tags stay."
                    options = {"icon": ":material/close:", "type": "tertiary", "key": f"forget-{name}", "help": told}
                    st.button("", on_click=_forget, args=(view, mine), **options)


def _forget(view: EmbeddingsView, marks: list[Mark]) -> None:
    try:
        add_marks(view.data.fingerprint, grader() or _NOBODY, marks)
    except RecordError as problem:
        # A callback's errors do not reach the page's guard.
        st.toast(plain(str(problem)), icon=":material/error:")


def _own(view: EmbeddingsView, name: str) -> list[Mark]:
    """What takes this visitor's tags of a name away again."""
    marks = graded(view.data.fingerprint)
    own = marks[(marks["grader"] == (grader() or _NOBODY)) & marks["tags"].map(lambda tags: name in tags)]
    return [Mark(row.item, row.label, "untag", name) for row in own.itertuples()]
