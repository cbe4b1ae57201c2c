"""What every figure has around it."""

from typing import Any

import numpy as np

# Axis titles and legends make more room where they need it.
MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
# Above the plot and growing upward: on a phone its entries take several rows.
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
# A logarithmic axis says its decades as powers of ten.
LOG = {"type": "log", "exponentformat": "power"}
# Name of a shape that says what is chosen on the page, and belongs into no paper.
SCREEN_ONLY = "screen-only"


# Ticks of a decade, by how many decades an axis spans: the fewer, the more.
_STEPS = ((0.5, (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)), (1.2, (1, 1.5, 2, 3, 5, 7)), (2.5, (1, 2, 5)), (np.inf, (1,)))
_MOST_DECADES = 6
# Decades whose numbers are written out, and how far beyond the values a tick may lie.
_PLAIN, _NEAR = (-3, 4), 1.3


def log_ticks(*values: np.ndarray) -> dict[str, Any]:
    """Ticks of a logarithmic axis over some values (any shape; only those above 0 count), each with its whole number or power of
    ten: left to Plotly, an axis of less than a decade says "2" and "5" and not of what. Options of an axis."""
    known = np.concatenate([np.ravel(each) for each in values]).astype(float)
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return {}
    low, high = float(known.min()), float(known.max())
    span = np.log10(high / low)
    steps = next(digits for most, digits in _STEPS if span <= most)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    decades = decades[:: -(-len(decades) // _MOST_DECADES)] if len(steps) == 1 else decades
    every = [(digit, decade) for decade in decades for digit in steps]
    # One beyond each end at most: matplotlib widens an axis to its ticks.
    near = [(digit, decade) for digit, decade in every if low / _NEAR <= digit * 10.0**decade <= high * _NEAR]
    chosen = near if len(near) > 1 else every
    plainly = all(_PLAIN[0] <= decade <= _PLAIN[1] for _, decade in chosen)
    texts = [f"{digit * 10.0**decade:,.12g}" if plainly else _power(digit, decade) for digit, decade in chosen]
    return {"tickvals": [digit * 10.0**decade for digit, decade in chosen], "ticktext": texts}


def _power(digit: float, decade: int) -> str:
    """A number as people write it: 2·10⁻⁵."""
    power = f"10<sup>{decade}</sup>".replace("-", "−")
    return power if digit == 1 else f"{digit:g}·{power}"
