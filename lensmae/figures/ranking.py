"""Recall and purity along a ranking."""

import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.frame import LEGEND, MARGIN

_FEW = 10
_LINES = {
    "recall": ("recall", "#56B4E9"),
    "purity": ("purity here", "#E69F00"),
    "purity_at_prevalence": ("purity at {:g}", "#CC79A7"),
}


def ranking_curves(table: pd.DataFrame, first: int, prevalence: float) -> go.Figure:
    """Curves of `lensmae.evaluation.grading.ranking` against the images looked at; a line marks the first N."""
    figure = go.Figure()
    for column, (name, colour) in _LINES.items():
        figure.add_scatter(
            x=table["n"], y=table[column], mode="lines", name=name.format(prevalence), line={"color": colour, "shape": "hv"}
        )
    figure.add_vline(first, line={"color": "#888", "dash": "dot", "width": 1})
    # Images are whole: no ticks at 1.5 where there are few.
    whole = list(range(int(table["n"].max()) + 1)) if table["n"].max() <= _FEW else None
    figure.update_xaxes(title="images looked at", rangemode="tozero", tickvals=whole)
    figure.update_yaxes(title="share", range=[0, 1.02])
    return figure.update_layout(height=340, margin=MARGIN, legend=LEGEND)
