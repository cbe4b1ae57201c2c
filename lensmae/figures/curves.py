"""Curves of classification."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from lensmae.evaluation.metrics import RocCurve
from lensmae.figures.classes import class_colour

_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
_CHANCE = {"color": "#888", "width": 1, "dash": "dot"}


def roc(curves: Mapping[str, RocCurve], log_x: bool = False) -> go.Figure:
    """One-vs-rest ROC curves by class, and their macro mean, with the line of chance."""
    figure = go.Figure()
    for place, (name, curve) in enumerate(curves.items()):
        macro = name == "macro"
        line = {"color": class_colour(name, place), "width": 3 if macro else 2, "dash": "dash" if macro else "solid"}
        figure.add_scatter(x=curve.fpr, y=curve.tpr, mode="lines", name=f"{name}, AUC {curve.auc:.4f}", line=line)
    chance = np.linspace(0, 1, 101)
    figure.add_scatter(x=chance, y=chance, mode="lines", name="chance, AUC 0.5", line=_CHANCE)
    scale = {"type": "log", "range": [-3.5, 0]} if log_x else {"type": "linear", "range": [-0.01, 1.01]}
    figure.update_xaxes(title="false-positive rate", **scale)
    figure.update_yaxes(title="true-positive rate", range=[-0.01, 1.01])
    legend = {"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    figure.update_layout(height=430, margin=_MARGIN, legend=legend)
    return figure


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> go.Figure:
    """Confusion counts (K, K), rows true, columns predicted; colour is the share of the true class."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=list(classes),
            y=list(classes),
            text=counts.astype(str),
            texttemplate="%{text}<br>%{z:.1%}",
            # Plotly would choose black or white for an opaque cell, which this is not; grey is readable on both pages.
            textfont={"color": "#8a93a3", "size": 14},
            hovertemplate="true %{y}, called %{x}: %{text} lenses, %{z:.1%}<extra></extra>",
            # Half-transparent, so that it suits the dark and the light theme.
            colorscale=[[0, "rgba(86,180,233,0.08)"], [1, "rgba(86,180,233,0.75)"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    figure.update_xaxes(title="predicted class", showgrid=False)
    figure.update_yaxes(title="true class", autorange="reversed", showgrid=False)
    figure.update_layout(height=430, margin=_MARGIN)
    return figure


def probability_bars(probabilities: np.ndarray, classes: Sequence[str], spread: np.ndarray | None = None) -> go.Figure:
    """Class probabilities (K,) of one image as horizontal bars in the classes' colours, with their spread (K,) where known."""
    colours = [class_colour(name, place) for place, name in enumerate(classes)]
    text = [f"{100 * value:.1f} %" for value in probabilities]
    figure = go.Figure(
        go.Bar(x=probabilities, y=list(classes), orientation="h", marker={"color": colours}, text=text, textposition="auto")
    )
    if spread is not None:
        figure.update_traces(error_x={"type": "data", "array": spread, "color": "#8a93a3", "thickness": 1.5})
    figure.update_xaxes(title="probability", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=60 + 50 * len(classes), margin=_MARGIN | {"t": 10})
    return figure
