"""Uploaded images among the training lenses of a network: beside held-out ones, and in the projection of embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks

_SHOWN = 400
_INSIDE, _OUTSIDE = "#009E73", "#D55E00"
# What is a thousandth of its limit, or less, stands at the edge: a risk may be 1e-12, and only what is near the limit matters.
_LEAST = 1e-3


@dataclass(frozen=True)
class Measure:
    """One measure of an image beside the same of held-out lenses (H,), all over the limit of that measure."""

    name: str
    value: float
    held_out: np.ndarray


def domain_strips(measures: Sequence[Measure]) -> go.Figure:
    """A strip a measure, the first on top: every held-out lens a dot, the image a diamond, the limit a line at 1; logarithmic.

    What is less than a thousandth of its limit is drawn there; how much it is, is said where the pointer is.
    """
    figure = go.Figure()
    for index, measure in enumerate(measures):
        known = np.sort(measure.held_out)
        known = known[np.linspace(0, len(known) - 1, min(_SHOWN, len(known))).round().astype(int)]
        # Dots beside each other tell how many there are; the order is random, but the same every time.
        height = index + 0.5 * (np.random.default_rng(index).random(len(known)) - 0.5)
        figure.add_scatter(
            x=np.maximum(known, _LEAST), y=height, mode="markers", name="held-out lenses", legendgroup="held",
            showlegend=index == 0, customdata=known, marker={"size": 4, "color": "#8a93a3", "opacity": 0.5},
            hovertemplate="held-out lens, %{customdata:.3g}<extra></extra>",
        )  # fmt: skip
    values = np.array([measure.value for measure in measures])
    colours = [_OUTSIDE if value > 1 else _INSIDE for value in values]
    figure.add_scatter(
        x=np.maximum(values, _LEAST), y=np.arange(len(measures)), mode="markers", name="this image", customdata=values,
        hovertemplate="this image, %{customdata:.3g} times the limit<extra></extra>",
        marker={"size": 13, "symbol": "diamond", "color": colours, "line": {"width": 1, "color": "#ffffff"}},
    )  # fmt: skip
    figure.add_vline(x=1, line={"color": _OUTSIDE, "dash": "dot", "width": 1})
    figure.update_xaxes(
        title=f"measure / its limit, from {_LEAST:g} on", **LOG, **log_ticks(np.maximum(values, _LEAST), np.array([_LEAST, 1.0]))
    )
    # Beside the names, where no dot, diamond or line crosses the numbers.
    names = [f"{measure.name}<br>{measure.value:.2g} × the limit" for measure in measures]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6], showgrid=False, zeroline=False
    )
    figure.update_layout(height=110 + 75 * len(names), margin=MARGIN, legend=LEGEND)
    return figure


def with_uploads(figure: go.Figure, points: np.ndarray, names: Sequence[str], chosen: str | None = None) -> go.Figure:
    """A projection of embeddings with uploaded images (N, 2) as stars over the lenses; the chosen one is larger.

    Args:
        figure: a projection, which is changed.
        points: (N, 2) of the images.
        names: of the images.
        chosen: name of the larger one; none where None.
    """
    sizes = [20 if name == chosen else 12 for name in names]
    figure.add_scatter(
        x=points[:, 0], y=points[:, 1], mode="markers", name=f"your images ({len(names)})", text=list(names),
        marker={"size": sizes, "symbol": "star", "color": "#F0E442", "line": {"width": 1.5, "color": "#222222"}},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    return figure
