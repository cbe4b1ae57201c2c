"""What every figure has around it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# Axis titles and legends make more room where they need it.
MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
# Above the plot and growing upward: on a phone its entries take several rows.
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
# A logarithmic axis says its decades as powers of ten.
LOG = {"type": "log", "exponentformat": "power"}


def one_two_five(values: Sequence[np.ndarray]) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 of every decade, each with its whole number: for a logarithmic axis of few decades."""
    known = np.concatenate([each[np.isfinite(each) & (each > 0)] for each in values])
    decades = range(int(np.floor(np.log10(known.min()))), int(np.ceil(np.log10(known.max()))) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return {"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
