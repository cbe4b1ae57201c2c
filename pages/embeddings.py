"""What has it learnt? Lenses of a split in one plane, coloured by class."""

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app import choices, loaders
from lensmae.app.lens_view import lens_view
from lensmae.app.widgets import SPLIT_OPTIONS, choose, figure, numbers, page_title
from lensmae.evaluation.reports import select_rows
from lensmae.figures import Panel, embedding_scatter, selected_rows

LIMITS = {"100": 100, "300": 300, "1000": 1000, "3000": 3000}


def scatter(points: np.ndarray, table: pd.DataFrame, rows: np.ndarray, method: str, chart: str) -> list[int]:
    """Draw the plane; rows of the lenses that were selected in it."""
    names = (table["id"] + " · " + table["split"] + " split · lens " + rows.astype(str)).tolist()
    drawing = embedding_scatter(points, table["class"].tolist(), names, rows, method.upper())
    event = figure(drawing, chart, on_select="rerun", selection_mode=("points", "lasso", "box"))
    return selected_rows(event)


choice = choices.current()
page_title(
    "Embeddings",
    "What has it learnt? Mean-pooled tokens of the last encoder layer in a plane: near lenses look alike to the network.",
)
data = choice.dataset()
with st.container(horizontal=True, gap="large"):
    kind = choose("Network", [kind for kind in ("classifier", "mae") if kind in choice.checkpoints], "network", choices.KINDS)
    method = choose("Projection", ("umap", "pca"), "method", {"umap": "UMAP", "pca": "PCA"})
    split = choose("Split", SPLIT_OPTIONS, "split", default=3)
    most = choose("Lenses at most", list(LIMITS), "most", default=1)
entry = choice.checkpoint(kind)
rows = select_rows(loaders.get_dataset(data), split, LIMITS[most])
embedded = loaders.embeddings(entry.path, data, rows)
table = loaders.get_dataset(data).lenses.iloc[rows]
waiting = st.empty()
shown = f"plane of {entry.path} {data.fingerprint} {split} {most}"
if method == "umap" and shown not in st.session_state:
    with waiting.container():
        st.caption("PCA for now; UMAP is being computed (half a minute the first time) …")
        scatter(loaders.plane(embedded, "pca"), table, rows, "pca", "plane-first")
points = loaders.plane(embedded, method)
st.session_state[shown] = True
waiting.empty()
left, right = st.columns([3, 1], gap="medium")
with left:
    chosen = scatter(points, table, rows, method, f"plane-{method}")
    which = "all splits" if split == "all" else f"{split} split"
    st.caption(f"{len(rows)} lenses, {which} of {data.name}; checkpoint {entry.name}, {embedded.shape[1]} dimensions.")
with right:
    if chosen:
        first = chosen[0]
        panel = Panel(f"Lens {first}", loaders.lens_image(data, first))
        lens_view([panel], key="chosen", unit=data.flux_unit, **choice.display)
        st.caption(loaders.describe_lens(data, first) + (f" · {len(chosen)} lenses selected" if len(chosen) > 1 else ""))
        address = st.query_params.to_dict() | {"lens": str(first)}
        st.page_link("pages/reconstruction.py", label="Open it", query_params=address)
    else:
        st.info("Click a point, or circle many with the lasso, to see the lens.", icon=":material/touch_app:")
places = table[["id", "class", "split"]].assign(row=rows, x=points[:, 0], y=points[:, 1])
numbers(places, f"embeddings-{entry.name}-{data.name}-{method}")
