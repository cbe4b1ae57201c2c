"""Embeddings: a picture of the lens under the pointer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from lensmae.app.embeddings.view_data import EmbeddingsView
from lensmae.app.shared import loaders
from lensmae.figures.images.picture import picture_sheet

_HERE = Path(__file__).parent
# The sheet of so many lenses is about a megabyte; of a larger projection every n-th lens has a picture.
_MOST, _SIDE, _COLUMNS = 3000, 32, 50
_HTML = '<div class="card" hidden><div class="picture"></div><div class="name"></div></div>'
_CSS = """
.card { position: fixed; z-index: 1000; pointer-events: none; padding: 4px; border-radius: 6px; background: #14171f;
  color: #f2f2f2; box-shadow: 0 2px 10px #0008; font: 12px sans-serif; text-align: center; }
.card[hidden] { display: none; }
.picture { width: 96px; height: 96px; image-rendering: pixelated; }
"""


def hover_pictures(view: EmbeddingsView) -> None:
    """Show the lens under the pointer in every projection of this page."""
    _component()(data=_packed(loaders.data_key(view.data), view.rows), key="hover-pictures", height=1)


@st.cache_data(max_entries=8, show_spinner=False)
def _packed(data: loaders.DataKey, rows: np.ndarray) -> bytes:
    """Length of the header (uint32, little-endian), JSON header, PNG sheet."""
    chosen = rows[:: -(-len(rows) // _MOST)]
    images = loaders.get_dataset_by_key(data).images
    step = max(1, images.shape[-1] // _SIDE)
    sheet = picture_sheet(np.asarray(images[chosen])[:, ::step, ::step], _COLUMNS)
    header = json.dumps({"rows": chosen.tolist(), "columns": _COLUMNS}).encode()
    return len(header).to_bytes(4, "little") + header + sheet


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    script = (_HERE / "hover.js").read_text(encoding="utf-8")
    return st.components.v2.component("lensmae.hover", html=_HTML, css=_CSS, js=script)
