"""How well the axion mass is estimated."""

import pandas as pd
import plotly.graph_objects as go

from lensmae.figures.class_colours import series_colour
from lensmae.figures.frame import LEGEND, MARGIN


def mass_errors(table: pd.DataFrame) -> go.Figure:
    """Estimate minus truth against truth, one point a lens: columns row, truth, estimate (log10(m / eV)), resolved."""
    figure = go.Figure()
    for name, resolved in (("vortex longer than a pixel", True), ("shorter", False)):
        rows = table[table["resolved"] == resolved]
        figure.add_scatter(
            x=rows["truth"],
            y=rows["estimate"] - rows["truth"],
            mode="markers",
            name=f"{name} ({len(rows)})",
            marker={"color": series_colour(0 if resolved else 1), "size": 6, "opacity": 0.75},
            customdata=rows["row"],
            hovertemplate="lens %{customdata}: true %{x:.3f}, off by %{y:+.3f} dex<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": "#888", "width": 1, "dash": "dot"})
    figure.update_xaxes(title="true log10(axion mass / eV)")
    figure.update_yaxes(title="estimate minus truth, dex")
    figure.update_layout(height=430, margin=MARGIN, legend=LEGEND, showlegend=True)
    return figure
