"""What probes of a frozen encoder reach."""

import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.class_colours import series_colour
from lensmae.figures.frame import LEGEND, MARGIN


def probe_bars(table: pd.DataFrame, measure: str = "accuracy") -> go.Figure:
    """Groups of bars, one a probe (with its layer where that is not the last) and checkpoint, over the conditions.

    Args:
        table: of `evaluation.classification.probes.probe_encoder`.
        measure: "accuracy" or "auc"; bars are 95 % intervals.
    """
    low, high = ("low", "high") if measure == "accuracy" else (f"{measure}_low", f"{measure}_high")
    figure = go.Figure()
    several = table["checkpoint"].nunique() > 1
    for index, ((checkpoint, probe, layer), part) in enumerate(table.groupby(["checkpoint", "probe", "layer"], sort=False)):
        name = probe if layer == "last" else f"{probe}, layer {layer}"
        name = f"{checkpoint}: {name}" if several else name
        error = {"array": part[high] - part[measure], "arrayminus": part[measure] - part[low], "thickness": 1}
        figure.add_bar(
            x=part["condition"], y=part[measure], name=name, marker_color=series_colour(index), error_y=error,
            hovertemplate="%{x}: %{y:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="what was done to the lenses")
    figure.update_yaxes(title="accuracy" if measure == "accuracy" else "macro AUC", range=[0, 1.02])
    figure.update_layout(height=380, margin=MARGIN, legend=LEGEND, barmode="group")
    return figure
