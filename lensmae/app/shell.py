"""What surrounds every page: first start, shared choices, notices, plain errors."""

import contextlib
import ctypes
import gc
import sys
import threading
from pathlib import Path
from typing import Any

import streamlit as st

from lensmae.app.shared.guard import plain_errors
from lensmae.app.shared.plain_text import plain

_RENEWED_S = 180.0
_loaded = 0
_renewal: threading.Timer | None = None
_spared = threading.Lock()
_STYLE = Path(__file__).with_name("shell.css")


def open_page(page: Any) -> None:
    """Draw a page of `st.navigation` inside the shell. Navigation is drawn already; torch is imported only now."""
    st.html(_STYLE)
    with plain_errors():
        if "torch" not in sys.modules:
            with st.spinner("Starting the networks …"):
                import lensmae.models  # noqa: F401 - takes seconds; the first visitor sees that something happens
        from lensmae.app.data import demo
        from lensmae.app.shared import choices, loaders, saved_views, tour
        from lensmae.app.shared.history import remember_choices

        demo.ensure_lenses()
        choice = choices.sidebar()
        if choice.data is not None and page.url_path != "lens_lab" and loaders.can_open_in_lab(choice.data, choice.lens):
            address = st.query_params.to_dict() | {"open": "1"}
            icon = ":material/science:"
            st.sidebar.page_link("pages/lens_lab.py", label="Open this lens in the Lens lab", icon=icon, query_params=address)
        with st.sidebar:
            saved_views.saved_views_menu(page.url_path)
            remember_choices()
        for notice in choice.notices:
            st.warning(plain(notice), icon=":material/link_off:")
        tour.step(page.url_path or "overview")
        page.run()
        _spare_libraries()


def _spare_libraries() -> None:
    """Take loaded libraries out of garbage collection, which Streamlit starts after every run of a page or a fragment: looking
    through torch takes 0.17 s each time (measured). What visitors have open at that moment is taken out with them, so it is done
    anew some minutes later, by when Streamlit has forgotten those who are gone: else what they had would stay for ever."""
    global _loaded, _renewal
    with _spared:
        if len(sys.modules) != _loaded:
            _loaded = len(sys.modules)
            _freeze()
        if _renewal is None or not _renewal.is_alive():
            _renewal = threading.Timer(_RENEWED_S, _freeze)
            _renewal.daemon = True
            _renewal.start()


def _freeze() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    # What is free goes back to the system, as far as its allocator can; threads that come and go leave much of it behind.
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
