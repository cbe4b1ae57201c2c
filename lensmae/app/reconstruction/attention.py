"""Reconstruction page: where does the network look?"""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Click, Event
from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared import loaders
from lensmae.app.shared.widgets import choose
from lensmae.evaluation.reconstruction.attention import attention_maps, position_similarity
from lensmae.figures import Panel, Points, compared

if TYPE_CHECKING:
    from lensmae.evaluation.reconstruction.attention import AttentionMaps

PARTS = {"encoder": "Encoder, all patches visible", "decoder": "Decoder, under the mask shown"}
_PATCH = "_attention_patch"


def attention(shown: Shown) -> None:
    """Attention of every head of a layer from a chosen patch, rollout over all layers, and similarity of positions."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        part = choose("Part of the network", list(PARTS), "part", PARTS)
        maps = _maps(shown.key[0], shown.image, part, shown.hidden if part == "decoder" else None)
        layers = len(maps.weights)
        layer = st.slider("Layer", 1, layers, layers, key=f"layer-{part}", width=260) - 1 if layers > 1 else 0
    patch = _patch(maps.grid)
    size = shown.model.patch_size
    centre = [(index + 0.5) * size - 0.5 for index in reversed(patch)]
    mark = Points("chosen patch", np.array(centre[:1]), np.array(centre[1:]), sizes=14.0)
    heads = [
        Panel(f"Layer {layer + 1}, head {head + 1}", maps.head(layer, head, patch), measure="weight")
        for head in range(maps.weights.shape[1])
    ]
    panels = [
        Panel("Lens", shown.image),
        *heads,
        Panel("Mean of heads", maps.heads_mean(layer, patch), measure="weight"),
        Panel("Rollout, patch", maps.rollout(patch), measure="share"),
        Panel("Rollout, class", maps.rollout(None), measure="share"),
        Panel("Positions", position_similarity(shown.model, maps.grid, patch, part), measure="cosine"),
    ]
    lens_view(
        compared(panels),
        key="attention",
        file=shown.choice.file("attention"),
        unit=shown.unit,
        columns=4,
        overlays=[mark],
        pick=("click",),
        patch_size=size,
        on_event=lambda event: _choose(event, size),
        about=shown.about,
        **shown.choice.display,
    )
    st.caption(
        f"Click a patch: what the patch in row {patch[0]}, column {patch[1]} attends to. Rollout (Abnar & Zuidema 2020) follows "
        "the mean attention of all layers down to the input, with half of each token kept by the residual. "
        "“Class” starts from the class token. Positions: cosine similarity of position embeddings with that of the patch."
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _maps(model: loaders.ModelKey, image: np.ndarray, part: str, hidden: np.ndarray | None) -> "AttentionMaps":
    return attention_maps(loaders.get_model_by_key(model), image, part, hidden)


def _patch(grid: tuple[int, int]) -> tuple[int, int]:
    """The chosen patch; the middle one where none is, or it lies outside."""
    row, column = st.session_state.get(_PATCH, (grid[0] // 2, grid[1] // 2))
    return min(row, grid[0] - 1), min(column, grid[1] - 1)


def _choose(event: Event, size: int) -> None:
    if isinstance(event, Click):
        st.session_state[_PATCH] = event.patch(size)
