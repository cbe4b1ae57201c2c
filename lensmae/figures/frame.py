"""What every figure has around it."""

# Axis titles and legends make more room where they need it.
MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
# Above the plot and growing upward: on a phone its entries take several rows.
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
