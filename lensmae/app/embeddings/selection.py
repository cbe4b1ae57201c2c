"""What a visitor has selected in a projection: in the session, and in the address, so that a link reopens it."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from lensmae.app.embeddings.view_data import EmbeddingsView
from lensmae.app.shared import loaders
from lensmae.data.records.grades import items_by_tag
from lensmae.evaluation.embeddings.projections import Projection
from lensmae.evaluation.embeddings.selection import Outline, held, outlines
from lensmae.figures import selected_rows

ProjectedView = tuple[EmbeddingsView, np.ndarray, Projection]
_STATE, _ADDRESS = "embeddings-selected", "selected"
# How each chart was drawn last; and the chart that shows the selection by itself, with the selection's text and how it was drawn.
_DRAWN, _OWN = "embeddings-drawn", "embeddings-own"


@dataclass(frozen=True)
class Selection:
    """A selection.

    Attributes:
        data: the data set it is of; another one begins with nothing selected.
        rows: of that data set.
        text: for the address.
        projection: what the outlines depend on; None where a single lens was picked, which every projection has.
    """

    data: loaders.DataKey
    rows: np.ndarray
    text: str
    projection: tuple | None


def remember(key: str, projected: ProjectedView) -> None:
    """Take over what was just selected in the chart `key`; for its `on_select`."""
    selection = st.session_state[key]
    around = outlines(selection["selection"])
    rows = selected_rows(selection)
    if around:
        _circle(around, projected)
    elif len(rows) == 1:
        pick(projected[0], rows[0])
    else:
        clear()
    drawing, plain = st.session_state[_DRAWN][key]
    # Rings of another selection have to go, and with them the chart's own picture of this one.
    st.session_state.pop(_OWN, None)
    if plain and _STATE in st.session_state:
        st.session_state[_OWN] = (key, st.session_state[_STATE].text, drawing)


def pick(view: EmbeddingsView, row: int) -> None:
    """Select one lens."""
    _keep(Selection(loaders.data_key(view.data), np.array([row]), f"lens:{row}", None))


def tagged_rows(view: EmbeddingsView) -> dict[str, np.ndarray]:
    """Rows of the view's data set by the tags that they have."""
    found = items_by_tag(view.data.fingerprint)
    rows = {tag: np.array([int(item) for item in items if item.isdigit()], dtype=np.int64) for tag, items in found.items()}
    return {tag: some[some < view.data.n] for tag, some in rows.items()}


def select_tag(view: EmbeddingsView, tag: str) -> None:
    """Select the lenses that have a tag; nothing where none has it."""
    rows = tagged_rows(view).get(tag, np.empty(0, dtype=np.int64))
    if len(rows):
        _keep(Selection(loaders.data_key(view.data), rows, f"tag:{tag}", None))
    else:
        clear()


def clear() -> None:
    """Select nothing."""
    st.session_state.pop(_STATE, None)
    st.query_params.pop(_ADDRESS, None)


def selected(projections: list[ProjectedView]) -> np.ndarray:
    """Rows of the data set that are selected, of those in the first projection. The address names the selection while its
    projection is shown."""
    view = projections[0][0]
    found = st.session_state.get(_STATE)
    if found is not None and found.data != loaders.data_key(view.data):
        clear()
    elif found is None and _ADDRESS in st.query_params:
        _reopen(st.query_params[_ADDRESS], projections)
    found = st.session_state.get(_STATE)
    if found is None:
        return np.empty(0, dtype=np.int64)
    if found.projection is not None and found.projection not in [_token(projected) for projected in projections]:
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


def _keep(selected: Selection) -> None:
    st.session_state[_STATE] = selected
    st.query_params[_ADDRESS] = selected.text


def _circle(around: list[Outline], projected: ProjectedView) -> None:
    """Select what lies in outlines; nothing where they hold no lens."""
    view, points, _ = projected
    rows = view.rows[held(around, points)]
    if len(rows):
        text = f"{view.entry.card.kind}:{'|'.join(outline.text for outline in around)}"
        _keep(Selection(loaders.data_key(view.data), rows, text, _token(projected)))
    else:
        clear()


def _reopen(text: str, projections: list[ProjectedView]) -> None:
    kind, _, rest = text.partition(":")
    try:
        if kind == "lens" and len(rest) < 10:
            pick(projections[0][0], int(rest))
            return
        if kind == "tag":
            select_tag(projections[0][0], rest)
            return
        projected = next(
            projected for projected in projections if projected[0].entry.card.kind == kind and projected[1].shape[1] == 2
        )
        _circle([Outline.read(part) for part in rest.split("|")], projected)
    except (ValueError, StopIteration):
        clear()
        st.warning("The address asks for a selection that this projection does not have; nothing is selected.")


def _token(projected: ProjectedView) -> tuple:
    view, _, projection = projected
    return (*view.key, projection)
