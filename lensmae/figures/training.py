"""Curves of training runs."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.frame import LEGEND, LOG, MARGIN, log_ticks

# More points than pixels cost time and show nothing.
_MOST_POINTS = 500


def training_curve(
    metrics: pd.DataFrame, columns: Sequence[str], title: str, log_y: bool = True, smoothing: float = 0.0
) -> go.Figure:
    """Columns of a run's metrics.csv against its step; points without a value are skipped.

    Args:
        metrics: a run's metrics.csv.
        columns: names of columns.
        title: of the vertical axis, with its unit.
        log_y: logarithmic vertical axis.
        smoothing: weight of the past in an exponential moving average, in [0, 1); the points are then drawn pale below it.
    """
    named = {name.replace("_", " "): metrics[["step", name]].rename(columns={name: "value"}) for name in columns}
    return _curves(named, title, log_y, smoothing)


def compare_curves(
    runs: Mapping[str, pd.DataFrame], column: str, title: str, log_y: bool = True, smoothing: float = 0.0, by: str = "step"
) -> go.Figure:
    """One column of several runs' metrics over each other, against `by` (step or epoch); runs without it are left out.

    Args:
        runs: metrics.csv by run.
        column: name of the column.
        title: of the vertical axis, with its unit.
        log_y: logarithmic vertical axis.
        smoothing: of an exponential average, in [0, 1); 0 for none.
        by: step or epoch.
    """
    named = {
        run: metrics[[by, column]].rename(columns={by: "step", column: "value"})
        for run, metrics in runs.items()
        if column in metrics
    }
    figure = _curves(named, title, log_y, smoothing)
    figure.update_xaxes(title="optimiser step" if by == "step" else by)
    return figure


def smoothed(values: pd.Series, weight: float) -> pd.Series:
    """Exponential moving average with the weight of the past in [0, 1), without the bias of its beginning."""
    return values.ewm(alpha=1.0 - weight).mean() if weight > 0 else values


def _curves(named: Mapping[str, pd.DataFrame], title: str, log_y: bool, smoothing: float) -> go.Figure:
    figure, drawn = go.Figure(), []
    for index, (name, points) in enumerate(named.items()):
        known = points.dropna()
        known = known.assign(smooth=smoothed(known["value"], smoothing))
        # Counted from the newest, which is always shown.
        known = known.iloc[:: -max(1, -(-len(known) // _MOST_POINTS))].iloc[::-1]
        colour = _COLOURS[index % len(_COLOURS)]
        drawn.append(known["value"].to_numpy())
        if smoothing > 0:
            figure.add_scatter(
                x=known["step"], y=known["value"], mode="lines", line={"color": colour, "width": 1}, opacity=0.3,
                showlegend=False, hoverinfo="skip", name=f"{name}, not smoothed",
            )  # fmt: skip
        mode = "lines+markers" if len(known) < 60 else "lines"
        figure.add_scatter(
            x=known["step"], y=known["smooth"], mode=mode, name=name, marker={"size": 5}, line={"color": colour, "width": 2}
        )
    figure.update_xaxes(title="optimiser step")
    figure.update_yaxes(title=title, **(LOG | log_ticks(*drawn) if log_y else {"exponentformat": "power"}))
    figure.update_layout(height=320, margin=MARGIN, legend=LEGEND, showlegend=True)
    # A zoom is kept while new points arrive.
    figure.update_layout(uirevision="keep")
    return figure


# Okabe & Ito's colours, which colour-blind people can tell apart, without black.
_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442")
