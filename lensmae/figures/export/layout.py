"""Axes, legends, lines and notes of a Plotly layout, drawn with matplotlib."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

from lensmae.errors import ConfigError
from lensmae.figures.export.style import DASHES, POINT, plain, rgba
from lensmae.figures.export.traces import DRAWERS, Plot, draw_trace
from lensmae.figures.frame import SCREEN_ONLY

# What a figure of our pages is wide, in CSS pixels; it gives the proportions of a figure that sets its height only.
_SCREEN_WIDTH, _SCREEN_HEIGHT = 720, 450
# A column of a journal, inches, and how much thinner its lines are than those of a page.
_NARROW, _NARROW_LINES = 5.0, 0.6


def axis_key(reference: str | None, axis: str) -> str:
    """ "x2" -> "xaxis2"."""
    return f"{axis}axis{(reference or axis)[1:]}"


def draw_figure(figure: go.Figure, width: float) -> Any:
    """A matplotlib figure `width` inches wide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    for trace in figure.data:
        if trace.type not in DRAWERS:
            raise ConfigError(f"A figure with a {trace.type} trace cannot be exported; there are {', '.join(DRAWERS)}.")
    layout = figure.layout
    shape = (layout.height or _SCREEN_HEIGHT) / (layout.width or _SCREEN_WIDTH)
    # A narrow figure needs relatively more height, or its labels eat it.
    height = width * float(np.clip(shape * (1.25 if width < _NARROW else 1.0), 0.3, 1.4))
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    plots = _plots(figure, drawn, POINT * (_NARROW_LINES if width < _NARROW else 1.0))
    for index, trace in enumerate(figure.data):
        draw_trace(plots[_pair(trace)], trace, index)
    for (x, y), plot in plots.items():
        if x != "scene":
            _set_axis(plot, layout[axis_key(x, "x")], "x")
            _set_axis(plot, layout[axis_key(y, "y")], "y")
        else:
            _set_scene(plot)
    for shape_drawn in layout.shapes:
        if shape_drawn.name == SCREEN_ONLY:
            continue
        _shape(_at(plots, layout, shape_drawn), shape_drawn)
    for note in layout.annotations:
        _annotation(_at(plots, layout, note), note, layout)
    if layout.title.text:
        drawn.suptitle(plain(layout.title.text), fontsize=9)
    _legend(figure, list(plots.values()), drawn, width)
    return drawn


def _pair(trace: Any) -> tuple[str, str]:
    return ("scene", "") if trace.type == "scatter3d" else (trace.xaxis or "x", trace.yaxis or "y")


def _plots(figure: go.Figure, drawn: Any, point: float) -> dict[tuple[str, str], Plot]:
    """Axes for every pair of axes that has traces, in a grid after their domains; `point` is a CSS pixel in points."""
    pairs = list(dict.fromkeys(map(_pair, figure.data))) or [("x", "y")]
    if pairs == [("scene", "")]:
        return {pairs[0]: Plot(figure, drawn.add_subplot(projection="3d"), point=point)}
    domains = {
        pair: [_domain(figure.layout, reference, axis) for reference, axis in zip(pair, "xy", strict=True)] for pair in pairs
    }
    columns = sorted({x for x, _ in domains.values()})
    rows = sorted({y for _, y in domains.values()}, reverse=True)
    ratios = {"width_ratios": [b - a for a, b in columns], "height_ratios": [b - a for a, b in rows]}
    grid = drawn.add_gridspec(len(rows), len(columns), **ratios)
    plots: dict[tuple[str, str], Plot] = {}
    for pair, (x, y) in domains.items():
        under = figure.layout[axis_key(pair[1], "y")].overlaying
        if under and (pair[0], under) in plots:
            plots[pair] = Plot(figure, plots[pair[0], under].canvas.twinx(), (x, y), point)
        else:
            plots[pair] = Plot(figure, drawn.add_subplot(grid[rows.index(y), columns.index(x)]), (x, y), point)
    return plots


def _domain(layout: Any, reference: str, axis: str) -> tuple[float, float]:
    entry = layout[axis_key(reference, axis)]
    if axis == "y" and entry.overlaying:
        entry = layout[axis_key(entry.overlaying, "y")]
    return tuple(entry.domain or (0.0, 1.0))


def _set_axis(plot: Plot, axis: Any, name: str) -> None:
    from matplotlib.ticker import PercentFormatter

    canvas = plot.canvas
    line = canvas.xaxis if name == "x" else canvas.yaxis
    canvas.set(**{f"{name}label": plain(axis.title.text)})
    if axis.type == "log":
        canvas.set(**{f"{name}scale": "log"})
    if plot.labels[name]:
        line.set_ticks(range(len(plot.labels[name])), [plain(label) for label in plot.labels[name]])
    if axis.tickvals is not None:
        line.set_ticks(list(axis.tickvals), [plain(str(text)) for text in axis.ticktext or axis.tickvals])
    elif axis.tickformat and axis.tickformat.endswith("%"):
        line.set_major_formatter(PercentFormatter(1.0, decimals=int(axis.tickformat.strip(".%,") or 0)))
    if axis.range is not None:
        canvas.set(**{f"{name}lim": [10.0**end if axis.type == "log" else end for end in map(float, axis.range)]})
    elif axis.autorange == "reversed":
        getattr(canvas, f"invert_{name}axis")()
    if axis.scaleanchor:
        canvas.set_aspect("equal", adjustable="datalim" if axis.range is None else "box")
    if axis.showticklabels is False:
        canvas.tick_params(axis=name, labelbottom=False, labelleft=False, length=0)
    if axis.showgrid is not False and not (plot.labels[name] and name == "x") and axis.showticklabels is not False:
        line.grid(True)


def _set_scene(plot: Plot) -> None:
    scene = plot.figure.layout.scene
    plot.canvas.set(**{f"{name}label": plain(scene[f"{name}axis"].title.text) for name in "xyz"})
    if scene.xaxis.showticklabels is False:
        plot.canvas.set(xticklabels=[], yticklabels=[], zticklabels=[])


def _at(plots: dict[tuple[str, str], Plot], layout: Any, mark: Any) -> Plot:
    """The axes that a shape or annotation belongs to: those it names, else those under it."""
    x, y = (_reference(mark, axis).removesuffix(" domain") for axis in "xy")
    for pair, plot in plots.items():
        if x in ("paper", pair[0]) and y in ("paper", pair[1]) and (x, y) != ("paper", "paper"):
            return plot
    inside = [
        plot
        for (x, y), plot in plots.items()
        if x == "scene" or (_holds(_domain(layout, x, "x"), mark, "x") and _holds(_domain(layout, y, "y"), mark, "y"))
    ]
    return (inside or list(plots.values()))[0]


def _reference(mark: Any, axis: str) -> str:
    """What a coordinate of a shape or annotation counts along: the first axis where it names none, as in Plotly."""
    return mark[f"{axis}ref"] or axis


def _holds(domain: tuple[float, float], mark: Any, axis: str) -> bool:
    position = mark[axis] if axis in mark else mark[f"{axis}0"]
    return domain[0] - 1e-6 <= float(position) <= domain[1] + 1e-6


def _share(plot: Plot, mark: Any, axis: str, value: Any) -> Any:
    """A coordinate of a mark: one in "paper", a share of the figure, becomes a share of the axes."""
    low, high = plot.domain["xy".index(axis)]
    return (value - low) / (high - low) if _reference(mark, axis) == "paper" else value


def _transform(plot: Plot, mark: Any) -> Any:
    """Data coordinates along axes that a mark names, shares of the axes where it counts in "paper" or "domain"."""
    from matplotlib.transforms import blended_transform_factory

    canvas = plot.canvas
    shares = [_reference(mark, axis).endswith(("paper", "domain")) for axis in "xy"]
    return blended_transform_factory(*(canvas.transAxes if share else canvas.transData for share in shares))


def _shape(plot: Plot, shape: Any) -> None:
    from matplotlib.patches import Rectangle

    opacity = 1.0 if shape.opacity is None else shape.opacity
    edge = rgba(shape.line.color or "#444444", opacity)
    width = plot.point * (2 if shape.line.width is None else shape.line.width)
    style = {"linewidth": width, "linestyle": DASHES.get(shape.line.dash, "solid"), "transform": _transform(plot, shape)}
    x, y = ([_share(plot, shape, axis, shape[f"{axis}{end}"]) for end in "01"] for axis in "xy")
    if shape.type == "line":
        plot.canvas.plot(x, y, color=edge, scalex=False, scaley=False, gid="shape", **style)
    elif shape.type == "rect":
        face = rgba(shape.fillcolor, opacity) if shape.fillcolor else "none"
        size = x[1] - x[0], y[1] - y[0]
        box = Rectangle(
            (x[0], y[0]),
            *size,
            facecolor=face,
            edgecolor=edge if width else "none",
            # A ground lies under the data, a frame over them.
            zorder=0.5 if shape.fillcolor else 2.5,
            gid="shape",
            **style,
        )
        plot.canvas.add_patch(box)
    else:
        raise ConfigError(f"A figure with a shape of type {shape.type} cannot be exported; there are line and rect.")


def _annotation(plot: Plot, note: Any, layout: Any) -> None:
    position = [_note_position(plot, note, layout, axis) for axis in "xy"]
    across, down = ({"auto": "center", "middle": "center", None: "center"}.get(at, at) for at in (note.xanchor, note.yanchor))
    arrow = note.showarrow is not False
    offset = (POINT * (note.ax or 0), -POINT * (-30 if note.ay is None else note.ay)) if arrow else (0, 0)
    plot.canvas.annotate(
        plain(note.text),
        position,
        xycoords=_transform(plot, note),
        xytext=offset,
        textcoords="offset points",
        ha=across,
        va=down,
        fontsize=7.5,
        arrowprops={"arrowstyle": "->", "linewidth": 0.6} if arrow else None,
        annotation_clip=False,
    )


def _note_position(plot: Plot, note: Any, layout: Any, axis: str) -> Any:
    value, reference = note[axis], _reference(note, axis)
    if reference == "paper" or reference.endswith("domain"):
        return _share(plot, note, axis, value)
    if layout[axis_key(reference, axis)].type == "log":
        # Plotly counts annotations, unlike shapes, on logarithmic axes in powers of ten.
        return 10.0 ** float(value)
    return plot.positions([value], axis)[0]


def _entries(figure: go.Figure, plots: list[Plot]) -> Iterator[tuple[Any, str]]:
    """Entries of the legend, each text once."""
    wanted = figure.layout.showlegend
    if wanted is False or (wanted is None and len(figure.data) < 2):
        return
    seen: set[str] = set()
    for handle, text in (entry for plot in plots for entry in plot.legend):
        if text not in seen:
            seen.add(text)
            yield handle, text


def _legend(figure: go.Figure, plots: list[Plot], drawn: Any, width: float) -> None:
    entries = list(_entries(figure, plots))
    if not entries:
        return
    handles, texts = zip(*entries, strict=True)
    legend = figure.layout.legend
    inside = legend.x is not None and legend.y is not None and 0 <= legend.x <= 1 and 0 <= legend.y <= 1
    if inside and len(plots) == 1 and legend.orientation != "h":
        across = {"right": "right", "center": "center"}.get(legend.xanchor, "left")
        down = {"bottom": "lower", "middle": "center", "top": "upper"}.get(legend.yanchor, "upper" if legend.y > 0.5 else "lower")
        corner = "center" if (down, across) == ("center", "center") else f"{down} {across}"
        # Lines may run under it; its texts stay readable.
        ground = {"frameon": True, "facecolor": "white", "framealpha": 0.85, "edgecolor": "none"}
        plots[0].canvas.legend(handles, texts, loc=corner, bbox_to_anchor=(legend.x, legend.y), **ground)
    elif width < _NARROW or legend.orientation == "h":
        # As many columns as the longest text leaves room for; a letter is about 0.055 inches wide.
        columns = int(np.clip((width - 0.3) / (0.4 + 0.055 * max(map(len, texts))), 1, len(texts)))
        drawn.legend(handles, texts, loc="outside upper center", ncols=columns)
    else:
        drawn.legend(handles, texts, loc="outside right upper")
