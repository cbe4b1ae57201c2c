"""Curves of classification and training."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.classes import class_colour

_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}


def roc(curves: Mapping[str, tuple[np.ndarray, np.ndarray, float]], log_x: bool = False) -> go.Figure:
    """ROC curves: name -> (false-positive rate, true-positive rate, AUC)."""
    figure = go.Figure()
    for place, (name, (fpr, tpr, area)) in enumerate(curves.items()):
        line = {"color": class_colour(name, place), "width": 3 if name == "macro" else 2, "dash": "dash" if name == "macro" else "solid"}
        figure.add_scatter(x=fpr, y=tpr, mode="lines", name=f"{name} (AUC {area:.4f})", line=line)
    chance = np.linspace(0, 1, 101)
    figure.add_scatter(x=chance, y=chance, mode="lines", name="chance (0.5)", line={"color": "#888", "width": 1, "dash": "dot"})
    figure.update_xaxes(title="false-positive rate", type="log" if log_x else "linear", range=[-3.5, 0] if log_x else [-0.01, 1.01])
    figure.update_yaxes(title="true-positive rate", range=[-0.01, 1.01])
    legend = {"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    figure.update_layout(height=430, margin=_MARGIN, legend=legend)
    return figure


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> go.Figure:
    """Confusion counts (K, K), rows true, columns predicted; colour is the share of the true class."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    text = [[f"{n}<br>{100 * s:.1f} %" for n, s in zip(row, shares, strict=True)] for row, shares in zip(counts, share, strict=True)]
    figure = go.Figure(
        go.Heatmap(
            z=share, x=list(classes), y=list(classes), text=text, texttemplate="%{text}", colorscale="Blues", zmin=0, zmax=1, showscale=False,
            hovertemplate="true %{y}, called %{x}: %{z:.1%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="predicted class")
    figure.update_yaxes(title="true class", autorange="reversed")
    figure.update_layout(height=430, margin=_MARGIN)
    return figure


def training_curve(metrics: pd.DataFrame, columns: Sequence[str], title: str, log_y: bool = True) -> go.Figure:
    """Columns of a run's metrics.csv against its step; points without a value are skipped."""
    figure = go.Figure()
    for name in columns:
        known = metrics.dropna(subset=[name])
        figure.add_scatter(x=known["step"], y=known[name], mode="lines+markers", name=name.replace("_", " "), marker={"size": 5})
    figure.update_xaxes(title="optimiser step")
    figure.update_yaxes(title=title, type="log" if log_y else "linear")
    figure.update_layout(height=320, margin=_MARGIN, legend={"orientation": "h", "y": 1.12})
    return figure
