"""The grading bar: grades by key or click, arrows to the next image, undo."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from lensmae.app.shared.guard import whole_page
from lensmae.data.records.grades import GRADES

_HERE = Path(__file__).parent
_KEYS = {*GRADES, "previous", "next", "undo"}


# In the session: whose marks this visitor's are.
GRADER = "_grader"
LONGEST_NAME = 60


def grading_bar(key: str, index: str, grade: str, disabled: Sequence[str], pressed: Callable[[str], None]) -> None:
    """Draw the bar. The browser keeps the grader's name, and tells it to a visit that has none yet.

    Args:
        key: of the component.
        index: which image of how many, in words.
        grade: of the image in hand; "" where it has none.
        disabled: keys that mean nothing now: grades, "previous", "next", "undo".
        pressed: called with each key, in order, before the run that it starts.
    """
    name, read = f"bar-{key}", f"_bar-read-{key}"

    def heard() -> None:
        for count, what in _new(st.session_state[name].pressed, st.session_state.get(read, 0.0)):
            st.session_state[read] = count
            pressed(what)

    def known() -> None:
        kept = st.session_state[name].grader
        if isinstance(kept, str) and GRADER not in st.session_state:
            st.session_state[GRADER] = kept.strip()[:LONGEST_NAME]
            # What a grader may see is another part of the page.
            whole_page()

    data = {"grades": list(GRADES.items()), "place": index, "grade": grade, "disabled": list(disabled)}
    # None where nobody said yet who grades; "" where the name was taken away.
    data["grader"] = st.session_state.get(GRADER)
    _component()(
        data=data, key=name, default={"pressed": [], "grader": ""}, on_pressed_change=heard, on_grader_change=known
    )  # fmt: skip


def _new(raw: Any, read: float) -> list[tuple[float, str]]:
    """What was pressed since the count `read`; a visitor's own script may send anything."""
    found = []
    for entry in raw if isinstance(raw, list) else []:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], int | float) and entry[1] in _KEYS:
            found.append((float(entry[0]), str(entry[1])))
    return [(count, what) for count, what in found if count > read]


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    html, css, script = ((_HERE / f"bar.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("lensmae.grading_bar", html=html, css=css, js=script)
