"""Figures for a paper: a `go.Figure` as PNG, SVG or PDF on white, and its numbers as a table.

matplotlib draws them, so no browser is needed where LensMAE runs: Plotly's own export (kaleido) starts a Chrome for each figure,
which a wheel cannot bring. A scatter of 3,000 points took it 76 s as PNG and 80 s as PDF of 1,568 kB, with 2.3 GB of memory; this
took 11.5 s each, the PDF of 59 kB (once each, on the same two busy cores). matplotlib is imported at the first export only. Text
stays text: fonts are embedded in a PDF and named in an SVG.
"""

import io
import threading
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lensmae.errors import ConfigError
from lensmae.figures.export.layout import axis_key, draw_figure
from lensmae.figures.export.style import words
from lensmae.figures.export.traces import histogram

Format = Literal["png", "svg", "pdf"]
FORMATS: dict[Format, str] = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
# One and two columns of most journals.
COLUMN_MM, PAGE_MM = 88.0, 180.0
DPI = 300
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.4,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "lensmae",
}
# matplotlib's settings belong to the whole process, and every visitor has a thread.
_lock = threading.Lock()


def export_figure(figure: go.Figure, form: Format, width_mm: float = PAGE_MM) -> bytes:
    """The file of a figure as it would be printed `width_mm` wide, 8-point text; PNG has 300 dots an inch."""
    if form not in FORMATS:
        raise ConfigError(f"There is no figure format {form!r}; there are {', '.join(FORMATS)}.")
    import matplotlib as mpl

    with _lock, mpl.rc_context(_STYLE):
        drawn = draw_figure(figure, width_mm / 25.4)
        file = io.BytesIO()
        metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[form]
        drawn.savefig(file, format=form, dpi=DPI, facecolor="white", metadata=metadata)
    return file.getvalue()


def figure_numbers(figure: go.Figure) -> pd.DataFrame:
    """All numbers of a figure, one row a point: its series, its coordinates under the names of the axes, its value and text."""
    # Marks that nobody sees are there to be clicked.
    shown = [trace for trace in figure.data if getattr(trace, "marker", None) is None or trace.marker.opacity != 0]
    parts = [_numbers(figure, trace, index) for index, trace in enumerate(shown)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _numbers(figure: go.Figure, trace: Any, index: int) -> pd.DataFrame:
    series = words(trace.name) or f"series {index + 1}"
    if trace.type == "scatter3d":
        names = [_name(figure.layout.scene[f"{axis}axis"], axis) for axis in "xyz"]
        columns = dict(zip(names, (trace.x, trace.y, trace.z), strict=True))
    else:
        x, y = (_name(figure.layout[axis_key(trace[f"{axis}axis"], axis)], axis) for axis in "xy")
        y = y if y != x else f"{y} (y)"
        columns = _columns(trace, x, y)
    if getattr(trace, "text", None) is not None and trace.type != "heatmap" and not isinstance(trace.text, str):
        columns["text"] = list(trace.text)
    return pd.DataFrame({"series": series} | columns)


def _columns(trace: Any, x: str, y: str) -> dict[str, Any]:
    if trace.type == "heatmap":
        values = np.asarray(trace.z)
        rows, columns = values.shape
        across = np.arange(columns) if trace.x is None else np.asarray(trace.x)
        down = np.arange(rows) if trace.y is None else np.asarray(trace.y)
        cells = {x: np.tile(across, rows), y: np.repeat(down, columns), "value": values.ravel()}
        return cells if trace.text is None else cells | {"text": np.asarray(trace.text, dtype=object).ravel()}
    if trace.type == "histogram":
        edges, heights = histogram(trace)
        value, height = (y, x) if trace.x is None else (x, y)
        return {f"{value}, from": edges[:-1], f"{value}, to": edges[1:], height: heights}
    count = len(trace.y if trace.y is not None else trace.x)
    found = {name: np.arange(count) if values is None else values for name, values in ((x, trace.x), (y, trace.y))}
    for name, bars in ((x, trace.error_x), (y, trace.error_y)):
        if bars.array is not None:
            found[f"{name}, error above"] = bars.array
            found[f"{name}, error below"] = bars.array if bars.arrayminus is None else bars.arrayminus
    return found


def _name(axis: Any, fallback: str) -> str:
    return words(axis.title.text).replace("\n", " ") or fallback
