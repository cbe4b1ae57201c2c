"""What a classifier's quality depends on: physical parameters, and the number of labels."""

import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.class_colours import class_colour, faint, series_colour
from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks


def auc_by_parameter(table: pd.DataFrame, parameter: str) -> go.Figure:
    """One-vs-rest AUC in bins of a parameter, from `evaluation.strata.binned_auc`; bars are 95 % intervals."""
    figure = go.Figure()
    for index, (name, rows) in enumerate(table.groupby("class", sort=False)):
        colour = class_colour(name, index)
        figure.add_scatter(
            x=rows["centre"],
            y=rows["auc"],
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2},
            marker={"size": 8},
            error_y={"array": rows["auc_high"] - rows["auc"], "arrayminus": rows["auc"] - rows["auc_low"], "thickness": 1.2},
            error_x={"array": rows["high"] - rows["centre"], "arrayminus": rows["centre"] - rows["low"], "thickness": 0.6},
            text=[f"{here} lenses against {rest}" for here, rest in zip(rows["positives"], rows["negatives"], strict=True)],
            hovertemplate="%{x:.4g}: AUC %{y:.4f}, %{text}<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title=parameter)
    # Left to Plotly, an axis of areas that are all 1 ends at 2.
    low = float(table[["auc", "auc_low"]].min().min()) if len(table) else 0.0
    margin = max(0.005, 0.05 * (1.0 - low))
    figure.update_yaxes(title="one-vs-rest AUC", range=[low - margin, 1.0 + margin])
    figure.update_layout(height=430, margin=MARGIN, legend=LEGEND, showlegend=True)
    return figure


def learning_curve(table: pd.DataFrame, measure: str, title: str) -> go.Figure:
    """A measure against the number of labelled lenses, one series a model: mean over seeds, smallest to largest as a band.

    Args:
        table: one row a training: model, labels, seed, and the column `measure`.
        measure: column of the table.
        title: of the measure, with its unit or split.
    """
    figure = go.Figure()
    for number, (name, rows) in enumerate(table.groupby("model", sort=True)):
        found = rows.groupby("labels")[measure].agg(["mean", "min", "max", "count"])
        colour, x = series_colour(number), found.index.to_numpy()
        edge = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip", "legendgroup": name}
        figure.add_scatter(x=x, y=found["min"], name=f"{name}, smallest", **edge)
        figure.add_scatter(x=x, y=found["max"], name=f"{name}, largest", fill="tonexty", fillcolor=faint(colour, 0.18), **edge)
        figure.add_scatter(
            x=x,
            y=found["mean"],
            mode="lines+markers",
            name=name,
            legendgroup=name,
            line={"color": colour, "width": 2},
            text=[f"{count} trainings" for count in found["count"]],
            hovertemplate="%{x} labels: %{y:.4f}, %{text}<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title="labelled training lenses", **LOG, **log_ticks(table["labels"].to_numpy()))
    figure.update_yaxes(title=title)
    figure.update_layout(height=430, margin=MARGIN, legend=LEGEND, showlegend=True)
    return figure


def difference_bars(table: pd.DataFrame) -> go.Figure:
    """AUC differences with their 95 % intervals: columns comparison, difference, low, high; the dotted line is no difference."""
    figure = go.Figure()
    bars = {"array": table["high"] - table["difference"], "arrayminus": table["difference"] - table["low"]}
    figure.add_scatter(
        x=table["difference"],
        y=table["comparison"],
        mode="markers",
        name="difference",
        error_x=bars,
        marker={"size": 9, "color": series_colour(0)},
        hovertemplate="%{y}: %{x:+.4f}<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": "#888", "width": 1, "dash": "dot"})
    figure.update_xaxes(title="AUC difference, 95 % interval")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=80 + 42 * max(2, len(table)), margin=MARGIN, showlegend=False)
    return figure
