"""Class probabilities of one image."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lensmae.figures.class_colours import class_colour
from lensmae.figures.frame import MARGIN


def probability_bars(probabilities: np.ndarray, classes: Sequence[str], spread: np.ndarray | None = None) -> go.Figure:
    """Class probabilities (K,) of one image as horizontal bars in the classes' colours, with their spread (K,) where known."""
    colours = [class_colour(name, index) for index, name in enumerate(classes)]
    text = [f"{100 * value:.1f} %" for value in probabilities]
    figure = go.Figure(
        go.Bar(x=probabilities, y=list(classes), orientation="h", marker={"color": colours}, text=text, textposition="auto")
    )
    if spread is not None:
        figure.update_traces(error_x={"type": "data", "array": spread, "color": "#8a93a3", "thickness": 1.5})
    figure.update_xaxes(title="probability", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=60 + 50 * len(classes), margin=MARGIN | {"t": 10})
    return figure
