"""Plotly's colours, dashes and texts in matplotlib's terms."""

import html
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

# A CSS pixel in points.
POINT = 0.75
DASHES = {"dot": (0, (1, 2)), "dash": (0, (5, 2.5)), "dashdot": (0, (5, 2, 1, 2)), "longdash": (0, (9, 3)), "solid": "solid"}
SYMBOLS = {"circle": "o", "square": "s", "diamond": "D", "cross": "P", "x": "X", "star": "*", "triangle-up": "^"}
SYMBOLS |= {"triangle-down": "v", "circle-open": "o", "square-open": "s", "diamond-open": "D", "x-thin": "x", "line-ns": "|"}
# What Plotly takes for a tag; any other "<" is a sign.
_TAG = re.compile(r"</?(?:a|b|br|em|i|s|span|strong|sub|sup|u)\b[^>]*>")
_SHIFTED = {
    "sup": (str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"), "^"),
    "sub": (str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋"), "_"),
}


def rgba(colour: str, opacity: float | None = None) -> tuple[float, float, float, float]:
    """A CSS colour ("#56B4E9", "rgba(86, 180, 233, 0.2)", "white") as four numbers from 0 to 1."""
    from matplotlib.colors import to_rgba

    if colour.startswith("rgb"):
        *levels, alpha = [*map(float, re.findall(r"[\d.]+", colour)), 1.0][:4]
        red, green, blue = (level / 255 for level in levels)
    else:
        red, green, blue, alpha = to_rgba(colour)
    return red, green, blue, alpha * (1.0 if opacity is None else opacity)


def on_white(colour: Sequence[float]) -> np.ndarray:
    """What a half-transparent colour (..., 4) looks like on paper, (..., 3)."""
    colour = np.asarray(colour, dtype=float)
    return 1 - colour[..., 3:] * (1 - colour[..., :3])


def readable_on(colour: Sequence[float]) -> str:
    """Black or white, whichever can be read on a colour on paper."""
    return "black" if on_white(colour) @ (0.2126, 0.7152, 0.0722) > 0.5 else "white"


def words(text: str | None) -> str:
    """Plotly's HTML as plain text: "arcsec<sup>−1</sup>" becomes "arcsec⁻¹"; letters are raised by "^" and lowered by "_"."""

    def shifted(found: re.Match[str]) -> str:
        table, sign = _SHIFTED[found.group(1)]
        moved = found.group(2).translate(table)
        return moved if not set(moved) & set(found.group(2)) else sign + found.group(2)

    text = re.sub(r"<(sup|sub)>(.*?)</\1>", shifted, text or "")
    return html.unescape(_TAG.sub("", text.replace("<br>", "\n")))


def plain(text: str | None) -> str:
    """The same for matplotlib, to which a dollar would begin a formula."""
    return words(text).replace("$", r"\$")


def colour_map(scale: Any, figure: go.Figure) -> Any:
    """A Plotly colour scale as matplotlib's; the template's where None."""
    from matplotlib.colors import LinearSegmentedColormap
    from plotly.colors import get_colorscale

    if scale is None:
        scale = figure.layout.template.layout.colorscale.sequential or "Viridis"
    if isinstance(scale, str):
        scale = get_colorscale(scale)
    stops = [(float(index), rgba(colour)) for index, colour in scale]
    return LinearSegmentedColormap.from_list("plotly", stops, N=512)


def colourway(figure: go.Figure) -> Sequence[str]:
    """Colours of traces that name none."""
    return figure.layout.colorway or figure.layout.template.layout.colorway or ("#1f77b4",)


def filled_in(template: str, values: dict[str, Any]) -> str:
    """Plotly's `texttemplate` ("%{text}<br>%{z:.1%}") with its values."""

    def value(found: re.Match[str]) -> str:
        name, form = found.group(1), (found.group(2) or "").replace("~", "")
        return format(values[name], form) if form else str(values[name])

    return re.sub(r"%\{(\w+)(?::([^}]*))?\}", value, template)
