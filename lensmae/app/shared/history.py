"""Back and Forward go through the choices of a page, one at a time."""

from pathlib import Path
from typing import Any

import streamlit as st

_SCRIPT = Path(__file__).parent / "history.js"


def remember_choices() -> None:
    """From now on, every choice of this visitor that changes the address is a step of the browser's history."""
    _component()(key="history")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    css = ":host { display: none; }"
    return st.components.v2.component("lensmae.history", html="<i></i>", css=css, js=_SCRIPT.read_text(encoding="utf-8"))
