"""Earlier uploads of this browser, each a link: who has no link does not find an analysis, so the browser keeps the list."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_NAMED = 3


def recent_uploads(identity: str | None, names: Sequence[str]) -> None:
    """Draw the list, and put the analysis in hand on it.

    Args:
        identity: of the analysis in hand; None where there is none.
        names: of its files; without any it leaves the list.
    """
    data = {"identity": identity, "files": len(names), "names": list(names[:_NAMED])}
    _component()(data=data, key="recent-uploads")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    html, css, script = ((_HERE / f"recent.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("lensmae.recent_uploads", html=html, css=css, js=script)
