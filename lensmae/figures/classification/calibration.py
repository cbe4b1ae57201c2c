"""Reliability diagrams and histograms of scores."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from lensmae.evaluation.classification.calibration import Reliability
from lensmae.figures.class_colours import class_colour, series_colour
from lensmae.figures.distributions import filled_steps
from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks


def reliability_diagram(measured: Mapping[str, Reliability]) -> go.Figure:
    """Accuracy against confidence with exact 95 % bars, one series a name ("as it is", "T = 1.4"); below the diagonal a model is
    too sure of itself. The area of a mark grows with its share of the lenses."""
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="perfect", line={"color": "#888", "width": 1, "dash": "dot"})
    for index, (name, found) in enumerate(measured.items()):
        bars = {"array": found.high - found.accuracy, "arrayminus": found.accuracy - found.low, "thickness": 1}
        size = 6 + 16 * np.sqrt(found.count / found.count.sum())
        text = [f"{count} lenses" for count in found.count]
        figure.add_scatter(
            x=found.confidence,
            y=found.accuracy,
            mode="lines+markers",
            name=f"{name}, ECE {found.ece:.3f}",
            error_y=bars,
            text=text,
            marker={"size": size, "color": series_colour(index)},
            line={"color": series_colour(index), "width": 1.5},
            hovertemplate="confidence %{x:.3f}, right %{y:.3f}, %{text}<extra></extra>",
            cliponaxis=False,
        )
    figure.update_xaxes(title="confidence (probability of the likeliest class)", range=[0, 1.02])
    figure.update_yaxes(title="share that is right", range=[0, 1.04])
    legend = {"x": 0.02, "y": 0.98, "xanchor": "left", "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"}
    figure.update_layout(height=430, margin=MARGIN, legend=legend)
    return figure


def score_histograms(
    probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str], of: str, bins: int = 40, threshold: float | None = None
) -> go.Figure:
    """Probability of the class `of` by true class, as a share of each; a dashed line where a threshold lies.

    Args:
        probabilities: (N, K).
        labels: (N,) int, index in `classes`.
        classes: names, in the order of the probabilities.
        of: the class whose probability is shown.
        bins: of [0, 1].
        threshold: in [0, 1]; none where None.
    """
    figure = go.Figure()
    edges = np.linspace(0, 1, bins + 1)
    scores = probabilities[:, classes.index(of)]
    for label, name in enumerate(classes):
        chosen = scores[labels == label]
        if len(chosen):
            share = np.histogram(chosen, edges)[0] / len(chosen)
            figure.add_trace(filled_steps(edges, share, f"true {name} ({len(chosen)})", class_colour(name, label), 0.2))
    if threshold is not None:
        figure.add_vline(x=threshold, line={"color": "#D55E00", "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title=f"probability of {of}", range=[0, 1])
    # Most lenses of a good classifier are in the outermost bins; a logarithm shows the others.
    ends = np.array([0.5 / len(labels), 1.5])
    figure.update_yaxes(title="share of the true class in a bin", **LOG, **log_ticks(ends), range=np.log10(ends))
    figure.update_layout(height=430, margin=MARGIN, legend=LEGEND)
    return figure
