"""The traces our figures use, drawn with matplotlib."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from lensmae.figures.export.style import DASHES, POINT, SYMBOLS, colour_map, colourway, filled_in, plain, readable_on, rgba

# More markers than this are stored as pixels even in SVG and PDF: a file of a hundred thousand circles opens nowhere.
_MANY = 5000


@dataclass
class Plot:
    """One pair of axes while it is drawn.

    Attributes:
        figure: where the traces are from.
        canvas: matplotlib's axes.
        domain: the part of the figure they take along x and y.
        point: what a CSS pixel is in points; less in a narrow figure, whose lines would else hide each other.
        labels: names along x and y of axes that count categories.
        legend: handle and text of every entry.
        last: x and y of the last line, which a fill to the next one ends at.
        drawn: bars drawn so far, and the height they reach at each position.
    """

    figure: go.Figure
    canvas: Any
    domain: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0))
    point: float = POINT
    labels: dict[str, list[str]] = field(default_factory=lambda: {"x": [], "y": []})
    legend: list[tuple[Any, str]] = field(default_factory=list)
    last: tuple[np.ndarray, np.ndarray] | None = None
    drawn: int = 0
    reached: dict[float, float] = field(default_factory=dict)

    def positions(self, values: Any, axis: str, count: int = 0) -> np.ndarray:
        """Numbers along an axis; texts get the positions 0, 1, ... in the order they come."""
        if values is None:
            return np.arange(count, dtype=float)
        values = np.asarray(values)
        if values.dtype.kind in "fiub":
            return values.astype(float)
        if values.dtype.kind == "O" and all(isinstance(value, int | float | np.number) or value is None for value in values):
            return values.astype(float)
        known = self.labels[axis]
        known += [name for name in dict.fromkeys(map(str, values)) if name not in known]
        return np.array([known.index(str(value)) for value in values], dtype=float)


def draw_trace(plot: Plot, trace: Any, index: int) -> None:
    """Draw one trace; `index` chooses its colour where it names none."""
    if trace.visible in (None, True):
        ways = colourway(plot.figure)
        DRAWERS[trace.type](plot, trace, ways[index % len(ways)])


def _note(plot: Plot, trace: Any, handle: Any) -> None:
    if trace.showlegend is not False and trace.name:
        plot.legend.append((handle, plain(trace.name)))


def _scatter(plot: Plot, trace: Any, colour: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    count = len(trace.y if trace.y is not None else trace.x)
    x, y = plot.positions(trace.x, "x", count), plot.positions(trace.y, "y", count)
    mode = trace.mode or ("lines" if count > 20 or trace.type == "scattergl" else "lines+markers")
    colour = trace.line.color or (trace.marker.color if isinstance(trace.marker.color, str) else None) or colour
    width = plot.point * (2 if trace.line.width is None else trace.line.width)
    handle = Line2D([], [], color=rgba(colour, trace.opacity), linestyle="none")
    if trace.fill and trace.fill != "none":
        shade = rgba(trace.fillcolor) if trace.fillcolor else rgba(colour, 0.5)
        plot.canvas.fill(*_outline(plot, trace.fill, x, y), facecolor=shade, edgecolor="none", gid=f"fill-{trace.name}")
        handle = Patch(facecolor=shade)
    if "lines" in mode and width > 0:
        style = {"color": rgba(colour, trace.opacity), "linewidth": width, "linestyle": DASHES.get(trace.line.dash, "solid")}
        steps = {"hv": "steps-post", "vh": "steps-pre", "hvh": "steps-mid"}.get(trace.line.shape, "default")
        plot.canvas.plot(x, y, drawstyle=steps, gid=f"line-{trace.name}", **style)
        handle = Line2D([], [], **style)
    if "markers" in mode:
        _markers(plot, trace, x, y, colour, handle)
    if "text" in mode and trace.text is not None:
        for left, low, text in zip(x, y, np.broadcast_to(trace.text, count), strict=True):
            plot.canvas.annotate(plain(text), (left, low), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=7)
    _error_bars(plot, trace, x, y, rgba(colour))
    plot.last = x, y
    _note(plot, trace, handle)


def _outline(plot: Plot, fill: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the area that a trace fills."""
    if fill in ("tonexty", "tonextx") and plot.last is not None:
        return np.r_[x, plot.last[0][::-1]], np.r_[y, plot.last[1][::-1]]
    if fill == "toself":
        return x, y
    across = fill.endswith("x")
    return np.r_[x, np.zeros_like(x) if across else x[::-1]], np.r_[y, y[::-1] if across else np.zeros_like(y)]


def _markers(plot: Plot, trace: Any, x: np.ndarray, y: np.ndarray, colour: str, handle: Any) -> None:
    marker = trace.marker
    opacity = (1.0 if marker.opacity is None else marker.opacity) * (1.0 if trace.opacity is None else trace.opacity)
    name = marker.symbol if isinstance(marker.symbol, str) else "circle"
    style: dict[str, Any] = {"marker": SYMBOLS.get(name, "o"), "rasterized": len(x) > _MANY}
    size = plot.point * np.asarray(6 if marker.size is None else marker.size, dtype=float)
    coloured = _coloured(plot, marker, colour, opacity)
    if name.endswith("-open"):
        coloured = {"facecolors": "none", "edgecolors": coloured.get("color")}
    points = plot.canvas.scatter(
        x, y, s=size**2, linewidths=0.6 if "edgecolors" in coloured else 0, **style, **coloured, zorder=3
    )
    points.set_gid(f"points-{trace.name}")
    if "c" in coloured and marker.showscale:
        plot.canvas.figure.colorbar(points, ax=plot.canvas, label=plain(marker.colorbar.title.text))
    if hasattr(handle, "set_marker"):
        handle.set(marker=style["marker"], markersize=float(np.clip(np.mean(size), 3, 7)), markeredgecolor="none")
        if "color" in coloured and np.ndim(coloured["color"]) == 1:
            handle.set_markerfacecolor(coloured["color"])


def _coloured(plot: Plot, marker: Any, colour: str, opacity: float) -> dict[str, Any]:
    """Arguments of `scatter`: one colour, a colour a point, or a number a point with its colour map."""
    if marker.color is None or isinstance(marker.color, str):
        return {"color": rgba(marker.color or colour, opacity)}
    if isinstance(marker.color[0], str):
        return {"color": [rgba(each, opacity) for each in marker.color]}
    shown = {"c": np.asarray(marker.color, dtype=float), "cmap": colour_map(marker.colorscale, plot.figure), "alpha": opacity}
    return shown | {"vmin": marker.cmin, "vmax": marker.cmax}


def _error_bars(plot: Plot, trace: Any, x: np.ndarray, y: np.ndarray, colour: Any) -> None:
    for axis, bars in (("xerr", trace.error_x), ("yerr", trace.error_y)):
        if bars.array is not None:
            above = np.asarray(bars.array, dtype=float)
            below = above if bars.arrayminus is None else np.asarray(bars.arrayminus, dtype=float)
            plot.canvas.errorbar(x, y, **{axis: np.stack([below, above])}, fmt="none", ecolor=colour, elinewidth=1, capsize=2)


def _bar(plot: Plot, trace: Any, colour: str) -> None:
    across = trace.orientation == "h"
    count = len(trace.x if trace.x is not None else trace.y)
    x, y = plot.positions(trace.x, "x", count), plot.positions(trace.y, "y", count)
    positions, lengths = (y, x) if across else (x, y)
    gaps = np.diff(np.unique(positions))
    room = (gaps.min() if len(gaps) else 1.0) * (1 - (0.2 if plot.figure.layout.bargap is None else plot.figure.layout.bargap))
    width = np.broadcast_to(room if trace.width is None else trace.width, count).astype(float)
    mode, alike = plot.figure.layout.barmode or "group", sum(other.type == "bar" for other in plot.figure.data)
    if mode == "group" and alike > 1 and trace.width is None:
        width = width / alike
        positions = positions + width * (plot.drawn - (alike - 1) / 2)
    base = np.zeros(count) if trace.base is None else np.broadcast_to(np.asarray(trace.base, dtype=float), count)
    if mode in ("stack", "relative"):
        base = base + [plot.reached.get(position, 0.0) for position in positions]
        plot.reached |= dict(zip(positions, base + lengths, strict=True))
    plot.drawn += 1
    paint = trace.marker.color if trace.marker.color is not None else colour
    opacity = next((each for each in (trace.opacity, trace.marker.opacity) if each is not None), 1.0)
    colours = [rgba(each, opacity) for each in ([paint] * count if isinstance(paint, str) else paint)]
    bar = plot.canvas.barh if across else plot.canvas.bar
    drawn = bar(positions, lengths, width, base, color=colours, linewidth=0)
    for patch in drawn:
        patch.set_gid(f"bar-{trace.name}")
    if trace.text is not None:
        texts = [plain(str(text)) for text in np.broadcast_to(trace.text, count)]
        plot.canvas.bar_label(drawn, texts, padding=2, fontsize=7)
        plot.canvas.margins(**{"x" if across else "y": 0.12})
    ends = base + lengths
    _error_bars(plot, trace, ends if across else positions, positions if across else ends, "black")
    _note(plot, trace, drawn[0] if count else None)


def histogram(trace: Any) -> tuple[np.ndarray, np.ndarray]:
    """Edges (B + 1,) and heights (B,) of a histogram trace."""
    across = trace.x is None
    values = np.asarray(trace.y if across else trace.x, dtype=float)
    values = values[np.isfinite(values)]
    bins, count = (trace.ybins, trace.nbinsy) if across else (trace.xbins, trace.nbinsx)
    if bins.size is not None:
        start = values.min() if bins.start is None else bins.start
        end = values.max() + bins.size if bins.end is None else bins.end
        edges = np.arange(start, end + bins.size / 2, bins.size)
    else:
        edges = np.histogram_bin_edges(values, count or "auto")
    heights = np.histogram(values, edges)[0].astype(float)
    norm = trace.histnorm or ""
    if norm.startswith("probability") or norm == "percent":
        heights = heights / max(1, len(values)) * (100 if norm == "percent" else 1)
    return edges, heights / np.diff(edges) if norm.endswith("density") else heights


def _histogram(plot: Plot, trace: Any, colour: str) -> None:
    edges, heights = histogram(trace)
    paint = trace.marker.color if isinstance(trace.marker.color, str) else colour
    opacity = next((each for each in (trace.opacity, trace.marker.opacity) if each is not None), 0.75)
    bar = plot.canvas.barh if trace.x is None else plot.canvas.bar
    drawn = bar(edges[:-1], heights, np.diff(edges), align="edge", color=rgba(paint, opacity), linewidth=0)
    _note(plot, trace, drawn)


def _heatmap(plot: Plot, trace: Any, colour: str) -> None:
    values = np.asarray(trace.z, dtype=float)
    x, y = plot.positions(trace.x, "x", values.shape[1]), plot.positions(trace.y, "y", values.shape[0])
    axis = plot.figure.layout[trace.coloraxis] if trace.coloraxis else None
    low, high, scale = (trace.zmin, trace.zmax, trace.colorscale) if axis is None else (axis.cmin, axis.cmax, axis.colorscale)
    if trace.zmid is not None and low is None:
        reach = np.nanmax(np.abs(values - trace.zmid))
        low, high = trace.zmid - reach, trace.zmid + reach
    gap = {"edgecolors": "white", "linewidth": plot.point * trace.xgap} if trace.xgap else {}
    mesh = plot.canvas.pcolormesh(
        x, y, values, cmap=colour_map(scale, plot.figure), vmin=low, vmax=high, shading="nearest", **gap
    )
    mesh.set(rasterized=values.size > _MANY, gid=f"cells-{trace.name}")
    if trace.texttemplate:
        texts = np.full(values.shape, "", dtype=object) if trace.text is None else np.asarray(trace.text, dtype=object)
        for (row, column), value in np.ndenumerate(values):
            known = {"text": texts[row, column], "z": value, "x": trace.x[column], "y": trace.y[row]}
            text = plain(filled_in(trace.texttemplate, known))
            plot.canvas.text(
                x[column], y[row], text, ha="center", va="center", fontsize=8, color=readable_on(mesh.to_rgba(value))
            )
    if axis is not None or trace.showscale is not False:
        bar = trace.colorbar if axis is None else axis.colorbar
        plot.canvas.figure.colorbar(mesh, ax=plot.canvas, label=plain(bar.title.text))


def _scatter3d(plot: Plot, trace: Any, colour: str) -> None:
    from matplotlib.lines import Line2D

    marker, opacity = trace.marker, 1.0 if trace.marker.opacity is None else trace.marker.opacity
    coloured = _coloured(plot, marker, colour, opacity)
    size = plot.point * np.mean(6 if marker.size is None else marker.size)
    position = [np.asarray(values, dtype=float) for values in (trace.x, trace.y, trace.z)]
    points = plot.canvas.scatter(*position, s=size**2, linewidths=0, rasterized=len(position[0]) > _MANY, **coloured)
    if "c" in coloured and marker.showscale:
        plot.canvas.figure.colorbar(points, ax=plot.canvas, label=plain(marker.colorbar.title.text), shrink=0.6)
    shown = coloured["color"] if np.ndim(coloured.get("color")) == 1 else "black"
    _note(plot, trace, Line2D([], [], linestyle="none", marker="o", markersize=4, color=shown))


DRAWERS: dict[str, Callable[[Plot, Any, str], None]] = {
    "scatter": _scatter,
    "scattergl": _scatter,
    "bar": _bar,
    "histogram": _histogram,
    "heatmap": _heatmap,
    "scatter3d": _scatter3d,
}
