"""Distributions of a data set's parameters."""

import numpy as np
import plotly.graph_objects as go

from lensmae.evaluation.parameters import Distribution, Positions
from lensmae.figures.class_colours import class_colour, faint
from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks

# Where the classes' numbers differ by more than this, a linear axis would hide one of them.
_FAR_APART = 30


def filled_steps(edges: np.ndarray, heights: np.ndarray, name: str, colour: str, opacity: float) -> go.Scatter:
    """A histogram as a filled line: edges (B + 1,), heights (B,), "#rrggbb" colour. Several lie over each other legibly.

    Args:
        edges: (B + 1,).
        heights: (B,).
        name: in the legend.
        colour: "#rrggbb".
        opacity: of the filling, in [0, 1].
    """
    return go.Scatter(
        x=edges,
        y=np.r_[heights, heights[-1]],
        mode="lines",
        name=name,
        line={"shape": "hv", "color": colour, "width": 1.5},
        fill="tozeroy",
        fillcolor=faint(colour, opacity),
    )


def distribution(found: Distribution | Positions) -> go.Figure:
    """A histogram by class, or a map of positions."""
    return _map(found) if isinstance(found, Positions) else _histogram(found)


def _histogram(found: Distribution) -> go.Figure:
    figure = go.Figure()
    for index, (kind, counts) in enumerate(found.counts.items()):
        colour = class_colour(kind, index)
        if found.words:
            figure.add_bar(x=list(found.words), y=counts, name=kind, marker={"color": colour})
            continue
        # A step line and not bars: three classes of one distribution must stay apart.
        edges, heights = np.repeat(found.edges, 2), np.concatenate([[0], np.repeat(counts, 2), [0]])
        figure.add_scatter(
            x=edges, y=heights, mode="lines", name=kind, line={"color": colour, "width": 1.8},
            fill="tozeroy" if len(found.counts) == 1 else None, hovertemplate=f"{kind}: %{{y}} at %{{x:.4g}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title=found.label)
    highest = [counts.max() for counts in found.counts.values()]
    if max(highest) > _FAR_APART * min(highest):
        figure.update_yaxes(title="number", **LOG, **log_ticks(*(counts for counts in found.counts.values())))
    else:
        figure.update_yaxes(title="number", rangemode="tozero")
    figure.update_layout(height=260, margin=MARGIN, barmode="group", showlegend=len(found.counts) > 1, legend=LEGEND)
    return figure


def _map(found: Positions) -> go.Figure:
    centres = (found.edges[1:] + found.edges[:-1]) / 2
    figure = go.Figure(
        go.Heatmap(
            z=found.counts,
            x=centres,
            y=centres,
            colorscale="Viridis",
            colorbar={"title": "number", "thickness": 10},
            hovertemplate="%{z} at (%{x:.2f}, %{y:.2f}) arcsec<extra></extra>",
        )
    )
    figure.update_xaxes(title=f"x (arcsec), {found.label}", constrain="domain")
    figure.update_yaxes(title="y (arcsec)", scaleanchor="x", constrain="domain")
    figure.update_layout(height=260, margin=MARGIN)
    return figure
