"""Errors of reconstructed lenses: against the mask ratio, and one lens among many."""

import numpy as np
import plotly.graph_objects as go

from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks

_LENS = "#E69F00"
_SET = "#56B4E9"


def error_against_ratio(
    ratios: np.ndarray, errors: np.ndarray, band: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None, name: str
) -> go.Figure:
    """Masked MSE of one lens (R,) against the mask ratio.

    Args:
        ratios: (R,).
        errors: (R,) masked MSE.
        band: ratios (K,), and the set's 16th, 50th and 84th percentile there; None where they are not known.
        name: of the set, for the legend.
    """
    # Given at once: updates of a layout cost more than all the rest, and this is drawn anew for every lens.
    drawn = errors if band is None else np.concatenate([errors, band[1], band[3]])
    layout = {
        "xaxis": {"title": {"text": "mask ratio"}, "tickformat": ".0%", "range": [0, 1]},
        "yaxis": {"title": {"text": "MSE of hidden pixels, image on [0, 1]"}} | LOG | log_ticks(drawn),
        "height": 330,
        "margin": MARGIN,
        "legend": LEGEND,
    }
    figure = go.Figure(layout=layout)
    if band is not None:
        where, low, median, high = band
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=where, y=high, **edge)
        figure.add_scatter(
            x=where, y=low, mode="lines", line={"width": 0}, fill="tonexty", fillcolor="rgba(86,180,233,0.22)",
            name=f"{name}, 16-84 %", hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(x=where, y=median, mode="lines", name=f"{name}, median", line={"color": _SET, "dash": "dash"})
    known = np.isfinite(errors)
    style = {"line": {"color": _LENS, "width": 2.5}, "marker": {"size": 6, "color": _LENS}}
    figure.add_scatter(x=ratios[known], y=errors[known], mode="lines+markers", name="this lens", **style)
    return figure


def place_among(values: np.ndarray, value: float, title: str, names: str, name: str = "this lens") -> go.Figure:
    """Distribution of the positive values of many lenses (N,), and the value of one as a line.

    Args:
        values: (N,) above 0.
        value: of the one lens.
        title: quantity and unit.
        names: whom the distribution is of.
        name: of the axis, with its unit.
    """
    logs = np.log10(values[np.isfinite(values) & (values > 0)])
    counts, edges = np.histogram(logs, bins=min(24, max(6, len(logs) // 6)))
    centres = 10 ** ((edges[1:] + edges[:-1]) / 2)
    figure = go.Figure()
    widths = 10 ** edges[1:] - 10 ** edges[:-1]
    figure.add_bar(
        x=centres, y=counts, width=widths, name=f"{names} ({len(logs)})", marker={"color": _SET, "opacity": 0.6},
        customdata=np.stack([10 ** edges[:-1], 10 ** edges[1:]], axis=1),
        hovertemplate="%{customdata[0]:.2e} to %{customdata[1]:.2e}: %{y} lenses<extra></extra>",
    )  # fmt: skip
    if np.isfinite(value) and value > 0:
        top = float(counts.max())
        line = {"color": _LENS, "width": 3}
        figure.add_scatter(x=[value, value], y=[0, top], mode="lines", name=f"{name}, {value:.2e}", line=line)
    figure.update_xaxes(title=title, **LOG, **log_ticks(10**edges, np.array([value])))
    figure.update_yaxes(title="lenses")
    figure.update_layout(height=330, margin=MARGIN, legend=LEGEND, bargap=0)
    return figure
