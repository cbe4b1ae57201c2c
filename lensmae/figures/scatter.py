"""Scatter plots: embeddings in a plane, scores against a baseline."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lensmae.figures.classes import class_colour

_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}


def embedding_scatter(
    points: np.ndarray, labels: Sequence[str], names: Sequence[str], rows: np.ndarray, method: str
) -> go.Figure:
    """Points (N, 2) coloured by label; `names` appear under the pointer, `rows` (N,) come back from a selection. One WebGL
    trace a label."""
    labels, names = np.asarray(labels), np.asarray(names)
    figure = go.Figure()
    for place, label in enumerate(sorted(set(labels.tolist()))):
        chosen = labels == label
        figure.add_trace(
            go.Scattergl(
                x=points[chosen, 0].astype(np.float32),
                y=points[chosen, 1].astype(np.float32),
                mode="markers",
                name=f"{label} ({int(chosen.sum())})",
                text=names[chosen],
                customdata=rows[chosen],
                marker={"size": 7, "opacity": 0.8, "color": class_colour(label, place)},
                hovertemplate="%{text}<extra></extra>",
            )
        )
    axis = {"zeroline": False, "showticklabels": False}
    figure.update_xaxes(title=f"{method} 1 (arbitrary unit)", **axis)
    figure.update_yaxes(title=f"{method} 2 (arbitrary unit)", **axis)
    figure.update_layout(height=560, margin=_MARGIN, legend={"orientation": "h", "y": 1.06}, dragmode="lasso")
    return figure


def score_pairs(baseline: np.ndarray, model: np.ndarray, unit: str, baseline_name: str = "bicubic") -> go.Figure:
    """A model's score of every image against the baseline's; above the line the model is better."""
    low, high = float(min(baseline.min(), model.min())), float(max(baseline.max(), model.max()))
    figure = go.Figure()
    figure.add_scatter(x=[low, high], y=[low, high], mode="lines", name="equal", line={"color": "#888", "dash": "dot"})
    figure.add_scatter(
        x=baseline, y=model, mode="markers", name="one pair", marker={"color": "#56B4E9", "size": 8, "opacity": 0.75},
        hovertemplate=f"{baseline_name} %{{x:.4g}}, network %{{y:.4g}} ({unit})<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=f"{baseline_name} ({unit})")
    figure.update_yaxes(title=f"network ({unit})")
    figure.update_layout(height=340, margin=_MARGIN, legend={"orientation": "h", "y": 1.12})
    return figure


def selected_rows(event: dict) -> list[int]:
    """Rows of the lenses that a visitor selected in `embedding_scatter`."""
    found = [point["customdata"] for point in event["selection"]["points"]]
    return [int(row[0]) if isinstance(row, list) else int(row) for row in found]
