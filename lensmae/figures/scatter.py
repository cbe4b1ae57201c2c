"""Scatter plots: embeddings in a projection, scores against a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from lensmae.data.withheld import CANNOT_TELL
from lensmae.figures.class_colours import class_colour
from lensmae.figures.frame import LEGEND, MARGIN

_NO_VALUE, _MARK = "#8a8f98", "#D55E00"
# Of more points a browser is sent a part; `lensmae benchmark points` measures what one without a graphics card handles.
MOST_DRAWN = 200_000
# Size of a point where there are at most so many.
_SIZES = ((1000, 7.0), (5000, 5.0), (20_000, 4.0), (float("inf"), 3.0))


def drawn_part(indices: np.ndarray) -> np.ndarray:
    """The points that are drawn: all of indices (N,) int, or `MOST_DRAWN` of them, always the same, in their order."""
    if len(indices) <= MOST_DRAWN:
        return indices
    chosen = np.random.default_rng(0).choice(len(indices), MOST_DRAWN, replace=False, shuffle=False)
    return indices[np.sort(chosen)]


@dataclass(frozen=True)
class Mark:
    """A position shown among the points: a name and its coordinates (2 or 3,)."""

    name: str
    point: np.ndarray


def class_scatter(points: np.ndarray, labels: np.ndarray, rows: np.ndarray, axis: str, marks: Sequence[Mark] = ()) -> go.Figure:
    """Points (N, 2 or 3) coloured by label (N,) str, one WebGL trace a label; `rows` (N,) come back from a selection.

    Args:
        points: (N, 2 or 3).
        labels: (N,) str.
        rows: (N,) that a selection gives back.
        axis: name of the projection, for the axes.
        marks: points that are marked.
    """
    figure = go.Figure()
    for index, label in enumerate(sorted(set(labels.tolist()))):
        chosen = labels == label
        marker = {"color": _NO_VALUE if label == CANNOT_TELL else class_colour(label, index)}
        figure.add_trace(_trace(points[chosen], rows[chosen], len(points), marker, f"{label} ({int(chosen.sum())})", label))
    return _finish(figure, axis, marks, points.shape[1])


def value_scatter(
    points: np.ndarray, values: np.ndarray, rows: np.ndarray, axis: str, quantity: str, marks: Sequence[Mark] = ()
) -> go.Figure:
    """Points (N, 2 or 3) coloured by a number (N,) on a perceptual scale; those without one (nan) are grey, under the others.

    Args:
        points: (N, 2 or 3).
        values: (N,), nan where there is none.
        rows: (N,) that a selection gives back.
        axis: name of the projection, for the axes.
        quantity: title of the colour bar, with its unit.
        marks: points that are marked.
    """
    figure = go.Figure()
    known = np.isfinite(values)
    if not known.all():
        grey = {"color": _NO_VALUE}
        figure.add_trace(_trace(points[~known], rows[~known], len(points), grey, f"no value ({int((~known).sum())})", "no value"))
    bar = {"title": {"text": quantity, "side": "right"}, "thickness": 14}
    marker = {"color": values[known].astype(np.float32), "colorscale": "Viridis", "colorbar": bar}
    named = f"{quantity} %{{marker.color:.4g}}"
    figure.add_trace(_trace(points[known], rows[known], len(points), marker, f"with a value ({int(known.sum())})", named))
    return _finish(figure, axis, marks, points.shape[1])


def ring_selected(figure: go.Figure, points: np.ndarray) -> go.Figure:
    """Add rings around selected points (K, 2 or 3) of a scatter that cannot show by itself what was selected elsewhere."""
    kind, size = (go.Scattergl, 11) if points.shape[1] == 2 else (go.Scatter3d, 6)
    positions = dict(zip("xyz", points.T.astype(np.float32), strict=False))
    marker = {"symbol": "circle-open", "size": size, "color": _MARK, "line": {"width": 2, "color": _MARK}}
    name = f"selected ({len(points):,})"
    return figure.add_trace(kind(**positions, mode="markers", name=name, marker=marker, hoverinfo="skip"))


def with_pictures(figure: go.Figure, points: np.ndarray, indices: np.ndarray, urls: Sequence[str]) -> go.Figure:
    """Draw small pictures over some points of a projection.

    Args:
        figure: the projection, which is changed.
        points: (N, 2).
        indices: (K,) int, which points have pictures.
        urls: K data URLs.
    """
    side = 0.075 * np.ptp(points, axis=0)
    for index, url in zip(indices, urls, strict=True):
        x, y = (float(value) for value in points[index])
        figure.add_layout_image(
            source=url, x=x, y=y, xref="x", yref="y", sizex=float(side[0]), sizey=float(side[1]), xanchor="center",
            yanchor="middle", sizing="contain", layer="above", opacity=0.95,
        )  # fmt: skip
    return figure


def _trace(
    points: np.ndarray, rows: np.ndarray, total: int, marker: dict[str, Any], name: str, hover: str
) -> go.Scattergl | go.Scatter3d:
    """Coordinates and rows go to the browser as packed numbers, and no text a point: 90,000 points are 1.5 MB."""
    size = next(size for most, size in _SIZES if total <= most)
    positions = dict(zip("xyz", points.T.astype(np.float32), strict=False))
    kind, scale = (go.Scattergl, 1.0) if points.shape[1] == 2 else (go.Scatter3d, 0.6)
    return kind(
        **positions,
        mode="markers",
        name=name,
        customdata=rows.astype(np.uint32),
        marker=marker | {"size": size * scale, "opacity": 0.8},
        hovertemplate=f"lens %{{customdata}} · {hover}<extra></extra>",
    )


def _finish(figure: go.Figure, axis: str, marks: Sequence[Mark], dimensions: int) -> go.Figure:
    kind = go.Scattergl if dimensions == 2 else go.Scatter3d
    for mark, symbol in zip(marks, ("circle-open", "diamond-open"), strict=False):
        position = {name: [float(value)] for name, value in zip("xyz", mark.point, strict=False)}
        marker = {"symbol": symbol, "size": 16 if dimensions == 2 else 8, "color": _MARK, "line": {"width": 3, "color": _MARK}}
        figure.add_trace(
            kind(**position, mode="markers", name=mark.name, marker=marker, hovertemplate=f"{mark.name}<extra></extra>")
        )
    plain = {"zeroline": False, "showticklabels": False}
    if dimensions == 3:
        names = {f"{name}axis": plain | {"title": f"{axis} {index}"} for index, name in enumerate("xyz", start=1)}
        figure.update_layout(scene=names)
    else:
        figure.update_xaxes(title=f"{axis} 1 (arbitrary unit)", **plain)
        figure.update_yaxes(title=f"{axis} 2 (arbitrary unit)", **plain)
    legend = LEGEND | {"itemsizing": "constant"}
    # Without numbers on its axis a plot ends where its title does, and the tool bar would lie over that.
    figure.update_layout(height=560, margin=MARGIN | {"b": 52}, legend=legend, dragmode="lasso" if dimensions == 2 else "orbit")
    return figure


def score_pairs(
    baseline: np.ndarray, model: np.ndarray, unit: str, rows: np.ndarray | None = None, baseline_name: str = "bicubic"
) -> go.Figure:
    """A model's score of every image against the baseline's; above the line the model is better. `rows` (N,) come back from a
    selection.

    Args:
        baseline: (N,) scores.
        model: (N,) scores.
        unit: of the scores.
        rows: (N,) that a selection gives back; none where None.
        baseline_name: in the axis title.
    """
    low, high = float(min(baseline.min(), model.min())), float(max(baseline.max(), model.max()))
    figure = go.Figure()
    figure.add_scatter(x=[low, high], y=[low, high], mode="lines", name="equal", line={"color": "#888", "dash": "dot"})
    figure.add_scatter(
        x=baseline, y=model, mode="markers", name="one pair", marker={"color": "#56B4E9", "size": 8, "opacity": 0.75},
        customdata=rows,
        hovertemplate=f"{baseline_name} %{{x:.4g}}, network %{{y:.4g}} ({unit})<extra>pair %{{customdata}}</extra>",
    )  # fmt: skip
    figure.update_xaxes(title=f"{baseline_name} ({unit})")
    figure.update_yaxes(title=f"network ({unit})")
    figure.update_layout(height=340, margin=MARGIN, legend=LEGEND, clickmode="event+select", dragmode="select")
    return figure


def selected_rows(event: dict) -> list[int]:
    """Rows of the lenses that a visitor selected in a scatter of embeddings; marks have none."""
    found = [point.get("customdata") for point in event["selection"]["points"]]
    return [int(row[0]) if isinstance(row, list) else int(row) for row in found if row is not None and row != []]
