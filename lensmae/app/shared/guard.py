"""Errors on pages: our own are shown as they are, all others are logged and shown as one plain sentence. Never a traceback."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st

from lensmae.app.shared.plain_text import plain
from lensmae.errors import LensMAEError
from lensmae.folders import said_plainly

_WHOLE = "_whole_page"
_log = logging.getLogger("lensmae.app")


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Show what goes wrong inside as a message on the page."""
    try:
        yield
    except LensMAEError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
    except OSError as problem:
        _log.exception("A page failed")
        st.error(plain(said_plainly(problem)), icon=":material/error:")
    except Exception as problem:  # noqa: BLE001 - Streamlit's own control flow derives from BaseException and passes through
        _log.exception("A page failed")
        st.error(f"This page hit an unexpected problem ({type(problem).__name__}). The server's log has the details.")


def fragment(draw: Callable[..., None], run_every: float | None = None) -> Callable[..., None]:
    """`st.fragment` whose errors are plain: it runs alone, so the guard around the page does not reach it."""

    @functools.wraps(draw)
    def guarded(*args: Any, **options: Any) -> None:
        if st.session_state.pop(_WHOLE, False):
            st.rerun()
        with plain_errors():
            draw(*args, **options)

    return st.fragment(guarded, run_every=run_every)


def whole_page() -> None:
    """For callbacks in fragments that change what the sidebar shows: the whole page is drawn anew, not the fragment alone."""
    st.session_state[_WHOLE] = True
