"""What a visitor has selected in a plane: in the session, and in the address, so that a link reopens it."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from lensmae.app.embeddings.view_data import View
from lensmae.app.shared import loaders
from lensmae.evaluation.embeddings.projections import Projection
from lensmae.evaluation.embeddings.selection import Outline, held, outlines
from lensmae.figures import selected_rows

Plane = tuple[View, np.ndarray, Projection]
_STATE, _ADDRESS = "embeddings-selected", "selected"
# How each chart was drawn last; and the chart that shows the selection by itself, with the selection's text and how it was drawn.
_DRAWN, _OWN = "embeddings-drawn", "embeddings-own"


@dataclass(frozen=True)
class Circled:
    """A selection.

    Attributes:
        data: the data set it is of; another one begins with nothing selected.
        rows: of that data set.
        text: for the address.
        plane: what the plane of the outlines depends on; None where a single lens was picked, which every plane has.
    """

    data: loaders.DataKey
    rows: np.ndarray
    text: str
    plane: tuple | None


def remember(key: str, plane: Plane) -> None:
    """Take over what was just selected in the chart `key`; for its `on_select`."""
    selection = st.session_state[key]
    around = outlines(selection["selection"])
    rows = selected_rows(selection)
    if around:
        _circle(around, plane)
    elif len(rows) == 1:
        pick(plane[0], rows[0])
    else:
        clear()
    drawing, plain = st.session_state[_DRAWN][key]
    # Rings of another selection have to go, and with them the chart's own picture of this one.
    st.session_state.pop(_OWN, None)
    if plain and _STATE in st.session_state:
        st.session_state[_OWN] = (key, st.session_state[_STATE].text, drawing)


def pick(view: View, row: int) -> None:
    """Select one lens."""
    _keep(Circled(loaders.data_key(view.data), np.array([row]), f"lens:{row}", None))


def clear() -> None:
    """Select nothing."""
    st.session_state.pop(_STATE, None)
    st.query_params.pop(_ADDRESS, None)


def selected(planes: list[Plane]) -> np.ndarray:
    """Rows of the data set that are selected, of those in the first plane. The address names the selection for as long as its
    plane is shown."""
    view = planes[0][0]
    found = st.session_state.get(_STATE)
    if found is not None and found.data != loaders.data_key(view.data):
        clear()
    elif found is None and _ADDRESS in st.query_params:
        _reopen(st.query_params[_ADDRESS], planes)
    found = st.session_state.get(_STATE)
    if found is None:
        return np.empty(0, dtype=np.int64)
    if found.plane is not None and found.plane not in [_token(plane) for plane in planes]:
        st.query_params.pop(_ADDRESS, None)
    elif st.query_params.get(_ADDRESS) != found.text:
        st.query_params[_ADDRESS] = found.text
    return np.intersect1d(found.rows, view.rows)


def ringed(key: str, rows: np.ndarray, drawing: Hashable) -> np.ndarray:
    """Those of the selected rows that the chart `key` is to draw rings around: none where they were selected in this very chart,
    which shows them by itself for as long as nothing about it changes, and all of them elsewhere.

    Args:
        drawing: everything that the chart depends on, but for rings.
    """
    text = st.session_state[_STATE].text if len(rows) else ""
    own = len(rows) > 0 and st.session_state.get(_OWN) == (key, text, drawing)
    if st.session_state.get(_OWN, ("",))[0] == key and not own:
        # Drawn anew, the chart forgets what was selected in it.
        del st.session_state[_OWN]
    rings = rows[:0] if own else rows
    st.session_state.setdefault(_DRAWN, {})[key] = (drawing, len(rings) == 0)
    return rings


def _keep(circled: Circled) -> None:
    st.session_state[_STATE] = circled
    st.query_params[_ADDRESS] = circled.text


def _circle(around: list[Outline], plane: Plane) -> None:
    """Select what lies in outlines; nothing where they hold no lens."""
    view, points, _ = plane
    rows = view.rows[held(around, points)]
    if len(rows):
        text = f"{view.entry.card.kind}:{'|'.join(outline.text for outline in around)}"
        _keep(Circled(loaders.data_key(view.data), rows, text, _token(plane)))
    else:
        clear()


def _reopen(text: str, planes: list[Plane]) -> None:
    kind, _, rest = text.partition(":")
    try:
        if kind == "lens" and len(rest) < 10:
            pick(planes[0][0], int(rest))
            return
        plane = next(plane for plane in planes if plane[0].entry.card.kind == kind and plane[1].shape[1] == 2)
        _circle([Outline.read(part) for part in rest.split("|")], plane)
    except (ValueError, StopIteration):
        clear()
        st.warning("The address asks for a selection that this plane does not have; nothing is selected.")


def _token(plane: Plane) -> tuple:
    view, _, projection = plane
    return (*view.key, projection)
