"""How figures of merit hold under the nuisances of real files: one panel a nuisance, one curve a checkpoint."""

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lensmae.figures.class_colours import series_colour
from lensmae.figures.frame import LEGEND, MARGIN

_TITLES = {
    "accuracy": "accuracy",
    "auc": "macro AUC",
    "answered": "share answered",
    "accuracy_answered": "accuracy if answered",
}
_PANEL = 190


def robustness(table: pd.DataFrame, measure: str = "value", columns: int = 3) -> go.Figure:
    """Panels of a stress test's table (`evaluation.stress.run.COLUMNS`) with one metric: strength across, in words, so that equal
    steps are equal strengths of the table; bars are 95 % intervals; the images as given are the line across.

    Args:
        table: rows of one metric.
        columns: panels in a row.
        measure: "value", "auc", "answered" or "accuracy_answered".
        columns: panels in a row.
    """
    given = table["nuisance"] == "as given"
    panels = list(dict.fromkeys(table["nuisance"][~given]))
    if not panels:
        return _bars(table, measure)
    titles = {name: _title(table[table["nuisance"] == name]) for name in panels}
    rows = math.ceil(len(panels) / columns)
    figure = make_subplots(
        rows,
        columns,
        shared_yaxes=True,
        subplot_titles=[titles[name] for name in panels],
        vertical_spacing=min(0.16, 0.5 / rows),
        horizontal_spacing=0.03,
    )
    for index, (name, of_one) in enumerate(table.groupby("checkpoint", sort=False)):
        colour = series_colour(index)
        level = of_one.loc[of_one["nuisance"] == "as given", measure]
        for number, panel in enumerate(panels):
            at = {"row": number // columns + 1, "col": number % columns + 1}
            part = of_one[of_one["nuisance"] == panel]
            figure.add_scatter(
                x=part["label"], y=part[measure], mode="lines+markers", name=name, legendgroup=name, showlegend=number == 0,
                line={"color": colour, "width": 2}, marker={"size": 7}, error_y=_interval(part, measure),
                hovertemplate="%{x}: %{y:.3f}<extra>" + name + "</extra>", **at,
            )  # fmt: skip
            if len(level):
                figure.add_hline(y=float(level.iloc[0]), line={"color": colour, "dash": "dot", "width": 1}, **at)
    for number, panel in enumerate(panels):
        order = list(dict.fromkeys(table.loc[table["nuisance"] == panel, "label"]))
        axis = {"row": number // columns + 1, "col": number % columns + 1}
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=order, **axis)
    # Panels are compared with each other: one scale for all.
    figure.update_yaxes(range=_range(table, measure))
    figure.update_yaxes(title=_name(table, measure), col=1)
    figure.update_annotations(font_size=13)
    figure.update_layout(height=90 + _PANEL * rows, margin={**MARGIN, "t": 60}, legend=LEGEND)
    return figure


def _bars(table: pd.DataFrame, measure: str) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(x=table["checkpoint"], y=table[measure], error_y=_interval(table, measure))
    figure.update_yaxes(title=_name(table, measure))
    figure.update_layout(height=300, margin=MARGIN)
    return figure


def _range(table: pd.DataFrame, measure: str) -> list[float]:
    """From the lowest bar or point to the highest, and a little more."""
    low, high = _bounds(measure)
    values = table[[name for name in (measure, low, high) if name in table]].to_numpy(dtype=float)
    least, most = np.nanmin(values), np.nanmax(values)
    margin = 0.05 * (most - least) or 0.01
    return [float(least - margin), float(most + margin)]


def _title(part: pd.DataFrame) -> str:
    title, unit = part["title"].iloc[0], part["unit"].iloc[0]
    return f"{title} ({unit})" if unit and unit.lower() not in title.lower() else title


def _name(table: pd.DataFrame, measure: str) -> str:
    metric = str(table["metric"].iloc[0]) if measure == "value" and len(table) else measure
    return _TITLES.get(metric, metric)


def _interval(part: pd.DataFrame, measure: str) -> dict | None:
    low, high = _bounds(measure)
    if low not in part:
        return None
    return {"array": part[high] - part[measure], "arrayminus": part[measure] - part[low], "thickness": 1, "width": 3}


def _bounds(measure: str) -> tuple[str, str]:
    """Columns of the ends of a measure's 95 % interval."""
    return ("low", "high") if measure == "value" else (f"{measure}_low", f"{measure}_high")
