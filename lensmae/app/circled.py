"""What a visitor has selected in a plane: in the session, and in the address, so that a link reopens it."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from lensmae.app import loaders
from lensmae.app.plane import View
from lensmae.evaluation.projections import Projection
from lensmae.evaluation.selection import Outline, held, outlines
from lensmae.figures import selected_rows

Plane = tuple[View, np.ndarray, Projection]
_STATE, _ADDRESS = "embeddings-selected", "selected"


@dataclass(frozen=True)
class Circled:
    """A selection.

    Attributes:
        rows: of the data set.
        text: for the address.
        plane: what the plane of the outlines depends on; None where a single lens was picked, which every plane has.
    """

    rows: np.ndarray
    text: str
    plane: tuple | None


def remember(key: str, plane: Plane) -> None:
    """Take over what was just selected in the chart `key`; for its `on_select`."""
    event = st.session_state[key]
    around = outlines(event["selection"])
    if around:
        _keep(_around(around, plane))
    else:
        pick(rows[0]) if len(rows := selected_rows(event)) == 1 else clear()


def pick(row: int) -> None:
    """Select one lens."""
    _keep(Circled(np.array([row]), f"lens:{row}", None))


def clear() -> None:
    """Select nothing."""
    st.session_state.pop(_STATE, None)
    st.query_params.pop(_ADDRESS, None)


def selected(planes: list[Plane]) -> np.ndarray:
    """Rows of the data set that are selected, of those in the first plane. The address names the selection for as long as its
    plane is shown."""
    if _STATE not in st.session_state and _ADDRESS in st.query_params:
        _reopen(st.query_params[_ADDRESS], planes)
    found = st.session_state.get(_STATE)
    if found is None:
        return np.empty(0, dtype=np.int64)
    if found.plane is None or found.plane in [_token(plane) for plane in planes]:
        if st.query_params.get(_ADDRESS) != found.text:
            st.query_params[_ADDRESS] = found.text
    else:
        st.query_params.pop(_ADDRESS, None)
    return np.intersect1d(found.rows, planes[0][0].rows)


def _keep(circled: Circled) -> None:
    st.session_state[_STATE] = circled
    st.query_params[_ADDRESS] = circled.text


def _around(around: list[Outline], plane: Plane) -> Circled:
    view, points, _ = plane
    text = f"{view.entry.card.kind}:{'|'.join(outline.text for outline in around)}"
    return Circled(view.rows[held(around, points)], text, _token(plane))


def _reopen(text: str, planes: list[Plane]) -> None:
    kind, _, rest = text.partition(":")
    try:
        if kind == "lens" and len(rest) < 10:
            pick(int(rest))
            return
        plane = next(plane for plane in planes if plane[0].entry.card.kind == kind and plane[1].shape[1] == 2)
        _keep(_around([Outline.read(part) for part in rest.split("|")], plane))
    except (ValueError, StopIteration):
        clear()
        st.warning("The address asks for a selection that this plane does not have; nothing is selected.")


def _token(plane: Plane) -> tuple:
    view, _, projection = plane
    names = loaders.model_key(view.entry.path), loaders.data_key(view.data)
    return (*names, view.split, view.limit, view.layer, view.pooling, projection)
