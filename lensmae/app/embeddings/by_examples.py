"""Search by several lenses: those that are wanted, and those that are not. The examples stand in the address."""

import numpy as np
import streamlit as st

from lensmae.app.embeddings import selection
from lensmae.app.embeddings.view_data import EmbeddingsView, embeddings
from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Click, Event
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.evaluation.embeddings.examples import most_relevant, relevance
from lensmae.figures import Panel

_WANTED, _UNWANTED = "like", "unlike"
_COUNT, _COLUMNS, _MOST = 12, 6, 40


def example_buttons(row: int) -> None:
    """Take the lens in hand as an example, or take it back."""
    with st.container(horizontal=True, gap="small"):
        for key, label, icon in ((_WANTED, "More like it", ":material/add:"), (_UNWANTED, "Less like it", ":material/remove:")):
            chosen = row in _examples(key)
            st.button(
                f"Not “{label.lower()}”" if chosen else label, icon=":material/close:" if chosen else icon, key=f"example-{key}",
                on_click=_toggle, args=(key, row), type="primary" if chosen else "secondary",
            )  # fmt: skip


def example_search(view: EmbeddingsView, choice: Choice) -> None:
    """The lenses most like the examples; nothing where there are none."""
    wanted, unwanted = (_indices(view, _examples(key)) for key in (_WANTED, _UNWANTED))
    if not len(wanted):
        return
    scores = relevance(embeddings(view), wanted, unwanted, view.projection.metric)
    found = most_relevant(scores, [*wanted, *unwanted], _COUNT)
    rows = view.rows[found]
    st.header(
        f"Most like {_named(view, wanted)}" + (f", least like {_named(view, unwanted)}" if len(unwanted) else ""), anchor=False
    )
    st.button("Clear the examples", icon=":material/close:", on_click=_clear, type="tertiary")
    classes = view.dataset.lenses["class"].to_numpy(dtype=str)[rows]
    images = np.asarray(view.dataset.images[rows])
    panels = [
        Panel(f"{row} · {name} · {scores[index]:.2f}", image)
        for row, name, index, image in zip(rows, classes, found, images, strict=True)
    ]

    def go_on(event: Event) -> None:
        if isinstance(event, Click):
            selection.pick(view, int(rows[event.panel]))

    lens_view(
        panels,
        key="by-examples",
        unit=view.data.flux_unit,
        columns=_COLUMNS,
        own=loaders.mixes_units(view.data),
        pick=("click",),
        on_event=go_on,
        **choice.display,
    )
    st.caption(
        "Row, class and relevance: distance to the nearest lens that is not wanted, over that and the distance to the nearest "
        f"that is (Giacinto & Roli 2004); {view.described}."
    )


def _examples(key: str) -> list[int]:
    """Rows in the address; what is no row is passed over."""
    given = st.query_params.get(key, "").split(",")[:_MOST]
    return [int(row) for row in given if row.isascii() and row.isdigit() and len(row) < 10]


def _indices(view: EmbeddingsView, rows: list[int]) -> np.ndarray:
    return np.flatnonzero(np.isin(view.rows, rows))


def _named(view: EmbeddingsView, indices: np.ndarray) -> str:
    return ", ".join(str(row) for row in view.rows[indices])


def _toggle(key: str, row: int) -> None:
    other = _UNWANTED if key == _WANTED else _WANTED
    now = _examples(key)
    _put(key, [one for one in now if one != row] if row in now else [*now, row])
    _put(other, [one for one in _examples(other) if one != row])


def _put(key: str, rows: list[int]) -> None:
    if rows:
        st.query_params[key] = ",".join(map(str, rows))
    else:
        st.query_params.pop(key, None)


def _clear() -> None:
    for key in (_WANTED, _UNWANTED):
        st.query_params.pop(key, None)
