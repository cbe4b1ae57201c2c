"""Class probabilities against one parameter of a lens."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.class_colours import class_colour
from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks


def probability_sweep(table: pd.DataFrame, classes: Sequence[str], title: str, now: float | None = None) -> go.Figure:
    """Lines of the columns `classes` against the first column, on a logarithmic axis named `title`; `now` is marked.

    Args:
        table: what is swept first, then a column a class.
        classes: names of columns.
        title: of the horizontal axis, with its unit.
        now: value that is marked; none where None.
    """
    figure = go.Figure()
    values = table[table.columns[0]]
    for index, name in enumerate(classes):
        line = {"color": class_colour(name, index), "width": 2}
        figure.add_scatter(x=values, y=table[name], mode="lines+markers", name=name, line=line, marker={"size": 6})
    if now is not None:
        # A trace: the label of Plotly's `add_vline` would stretch a logarithmic axis to 1.
        line = {"color": "#888", "width": 1, "dash": "dot"}
        figure.add_scatter(x=[now, now], y=[0, 1], mode="lines", name="this lens", line=line, hoverinfo="skip")
    figure.update_xaxes(title=title, **LOG, **log_ticks(values.to_numpy()))
    figure.update_yaxes(title="class probability", range=[-0.02, 1.02], tickformat=".0%")
    figure.update_layout(height=340, margin=MARGIN, legend=LEGEND)
    return figure
