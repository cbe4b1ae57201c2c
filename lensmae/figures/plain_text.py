"""Plotly takes part of HTML in every text, links and styles too; names of others must stay what they are."""

import re
from typing import Any

import numpy as np
import plotly.graph_objects as go

# What our own builders write; anything else that looks like a tag is a name of somebody's.
_OURS = re.compile(r"(<br>|</?(?:sub|sup|extra)>)")
_SIGNS = {"&": "&amp;", "<": "&lt;"}
_SIGN = re.compile(r"&(?!(?:amp|lt|gt);)|<")


def as_text(figure: go.Figure) -> go.Figure:
    """The figure with everything in its texts escaped that Plotly would take for HTML, but line breaks and raised or lowered
    signs; the same figure where there is nothing. To do it twice changes nothing."""
    # A figure's own `to_plotly_json` packs arrays for the browser, which exports cannot read.
    found = {"data": [trace.to_plotly_json() for trace in figure.data], "layout": figure.layout.to_plotly_json()}
    escaped = _escaped(found)
    return figure if escaped is found else go.Figure(escaped)


def _escaped(value: Any) -> Any:
    """The value itself where nothing in it changes."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        made = {key: _escaped(one) for key, one in value.items()}
        return made if any(made[key] is not value[key] for key in value) else value
    if isinstance(value, list | tuple):
        made = [_escaped(one) for one in value]
        return made if any(one is not before for one, before in zip(made, value, strict=True)) else value
    if isinstance(value, np.ndarray) and value.dtype.kind in "OU":
        made = _escaped(value.tolist())
        return value if made == value.tolist() else np.array(made, dtype=object)
    return value


def _text(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    parts = [part if _OURS.fullmatch(part) else _SIGN.sub(lambda sign: _SIGNS[sign.group()], part) for part in _OURS.split(text)]
    made = "".join(parts)
    return text if made == text else made
