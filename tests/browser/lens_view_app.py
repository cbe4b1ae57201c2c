"""A page with nothing but the image canvas, for tests of what its visitor can do."""

import json
from dataclasses import asdict

import numpy as np
import streamlit as st

from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Drag
from lensmae.figures import Line, Panel, Points

ROWS, COLUMNS = np.indices((16, 16))
IMAGE = (COLUMNS + 100 * ROWS).astype(np.float32)


def moved(event) -> None:
    if isinstance(event, Drag):
        st.session_state["place"] = event.x, event.y
    st.session_state["heard"] = type(event).__name__


@st.fragment
def draw() -> None:
    x, y = st.session_state.get("place", (4.0, 4.0))
    view = lens_view(
        [Panel("Image", IMAGE), Panel("Twice", 2 * IMAGE), Panel("Weight", IMAGE / 1515, measure="share")],
        key="canvas",
        unit="counts",
        stretch="linear",
        percentile=100.0,
        overlays=[
            Points("clump", [x], [y], labels=["A"], draggable=True, panels=(0,)),
            Line("caustic", np.array([2, 12, np.nan, 2, 12]), np.array([2, 2, np.nan, 12, 12])),
        ],
        pick=("click", "box"),
        patch_size=4,
        on_event=moved,
        swipe=(0, 1),
        about="Row 3 of lenses; checkpoint mae",
    )
    if view.event is not None:
        st.text(f"{type(view.event).__name__} {json.dumps(asdict(view.event))}")
    st.text(f"heard {st.session_state.get('heard')}")


st.set_page_config(layout="wide")
draw()
