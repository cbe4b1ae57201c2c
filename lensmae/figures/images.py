"""Rows of images on one shared scale, linked zoom, flux under the pointer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lensmae.figures.stretch import limits, stretched


@dataclass(frozen=True)
class Panel:
    """One image of a row.

    Attributes:
        title: shown above it.
        pixels: (H, W); nan is drawn empty.
        residual: drawn with the diverging map, centred on zero, on a scale of its own.
    """

    title: str
    pixels: np.ndarray
    residual: bool = False


def image_row(
    panels: Sequence[Panel], *, stretch: str = "asinh", percentile: float = 99.8, unit: str = "flux", columns: int = 4
) -> go.Figure:
    """Images side by side; all but residuals share limits, taken from the first panel. Extents are equal, whatever the size."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=[panel.title for panel in panels], horizontal_spacing=0.02, vertical_spacing=0.09
    )
    low, high = limits(panels[0].pixels, percentile)
    for place, panel in enumerate(panels):
        trace = _residual(panel, unit) if panel.residual else _flux(panel, stretch, low, high, unit)
        figure.add_trace(trace, row=place // columns + 1, col=place % columns + 1)
    figure.update_xaxes(visible=False, matches="x", range=[0, 1], constrain="domain")
    figure.update_yaxes(visible=False, matches="y", range=[0, 1])
    for place in range(len(panels)):
        axis = "" if place == 0 else str(place + 1)
        figure.layout[f"yaxis{axis}"].update(scaleanchor=f"x{axis}", constrain="domain")
    figure.update_layout(height=290 * rows + 20, margin={"l": 4, "r": 4, "t": 30, "b": 4}, dragmode="zoom")
    return figure


def _places(side: int) -> np.ndarray:
    """Pixel centres on [0, 1], so that images of different size lie on one another."""
    return (np.arange(side) + 0.5) / side


def _flux(panel: Panel, stretch: str, low: float, high: float, unit: str) -> go.Heatmap:
    shown = np.where(np.isfinite(panel.pixels), stretched(np.nan_to_num(panel.pixels), stretch, low, high), np.nan)
    return go.Heatmap(
        z=shown.astype(np.float32),
        customdata=panel.pixels.astype(np.float32),
        x=_places(panel.pixels.shape[1]),
        y=_places(panel.pixels.shape[0]),
        zmin=0,
        zmax=1,
        colorscale="inferno",
        showscale=False,
        hovertemplate=f"%{{customdata:.4g}} {unit}<extra>{panel.title}</extra>",
    )


def _residual(panel: Panel, unit: str) -> go.Heatmap:
    bound = float(np.nanmax(np.abs(panel.pixels))) or 1.0
    return go.Heatmap(
        z=panel.pixels.astype(np.float32),
        x=_places(panel.pixels.shape[1]),
        y=_places(panel.pixels.shape[0]),
        zmin=-bound,
        zmax=bound,
        colorscale="RdBu_r",
        showscale=False,
        hovertemplate=f"%{{z:.3g}} {unit}<extra>{panel.title}, limits ±{bound:.3g}</extra>",
    )
