"""Saved views in the sidebar: the page that is open, with all its choices, under a name; listed, linked, deleted."""

import html
from urllib.parse import urlencode

import streamlit as st

from lensmae.app.shared.plain_text import plain
from lensmae.data.records.views import SavedView, delete_view, save_view, saved_views
from lensmae.errors import RecordError
from lensmae.workspace import read_only

# What is of the moment and belongs to no view.
_LEFT_OUT = ("tour",)
# Choices that a view is of, even where they are what the page begins with.
_NAMED = ("data", "pairs", "lens", "mae", "classifier", "superres", "set")


def saved_views_menu(page: str) -> None:
    """Draw the menu.

    Args:
        page: that is open, as in its address; "" for the Overview.
    """
    try:
        views = saved_views()
    except RecordError as problem:
        st.warning(plain(str(problem)), icon=":material/bookmark:")
        return
    if read_only() and not views:
        return
    with st.expander("Saved views", icon=":material/bookmark:"):
        if not read_only():
            with st.form("save-view", border=False, clear_on_submit=True):
                name = st.text_input("Name of the view", key="view-name", max_chars=80, placeholder="Name this view")
                if st.form_submit_button("Save this view", icon=":material/bookmark_add:", width="stretch") and name.strip():
                    save_view(name, page, address())
                    st.rerun()
        for view in views:
            _entry(view)


def address() -> str:
    """All choices of the page that is open, as in its address, and what its data set, lens and networks are by default: a new
    set or checkpoint may change that."""
    query = st.query_params
    chosen = [(name, value) for name in query if name not in _LEFT_OUT for value in query.get_all(name)]
    usual = [(name, str(st.session_state[name])) for name in _NAMED if name not in query and name in st.session_state]
    return urlencode(chosen + usual)


def _entry(view: SavedView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap=None):
        # A plain link, as if its address were typed: the sidebar keeps its own choices when Streamlit goes to another page.
        where = f"{view.page or '.'}?{view.address}"
        st.html(f'<a href="{html.escape(where)}" target="_self">{html.escape(view.name)}</a>', width="stretch")
        if not read_only():
            told = f"Delete {plain(view.name)}"
            key = f"forget-{view.name}"
            st.button("", icon=":material/close:", key=key, help=told, type="tertiary", on_click=delete_view, args=(view.name,))
