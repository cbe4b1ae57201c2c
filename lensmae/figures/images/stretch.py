"""Display stretches: flux -> [0, 1], for looking at, never for computing."""

from collections.abc import Sequence

import numpy as np
from plotly.colors import convert_colors_to_same_type, get_colorscale, sample_colorscale

STRETCHES = ("asinh", "log", "sqrt", "linear")
# Softening of asinh and log in units of the upper limit: faint arcs rise, noise stays dark.
_SOFT = 0.03


def stretched(pixels: np.ndarray, stretch: str, low: float, high: float) -> np.ndarray:
    """Map pixels from [low, high] to [0, 1] under a stretch; what lies outside is clipped (for display only).

    Args:
        pixels: (H, W).
        stretch: one of `STRETCHES`.
        low: becomes 0.
        high: becomes 1.
    """
    span = high - low if high > low else 1.0
    unit = np.clip((np.asarray(pixels, dtype=np.float32) - low) / span, 0.0, 1.0)
    if stretch == "linear":
        return unit
    if stretch == "sqrt":
        return np.sqrt(unit)
    if stretch == "log":
        return np.log1p(unit / _SOFT) / np.log1p(1 / _SOFT)
    if stretch == "asinh":
        return np.arcsinh(unit / _SOFT) / np.arcsinh(1 / _SOFT)
    raise ValueError(f"There is no stretch {stretch!r}; there are {', '.join(STRETCHES)}.")


def limits(pixels: np.ndarray, percentile: float = 99.8) -> tuple[float, float]:
    """Lower and upper display limit: the mirrored percentiles of the finite pixels."""
    finite = pixels[np.isfinite(pixels)]
    low, high = np.percentile(finite, [100 - percentile, percentile])
    return float(low), float(high)


def colour_table(colours: str | Sequence[str]) -> np.ndarray:
    """A Plotly colour scale, by name or as colours to blend, as (256, 3) uint8 red, green, blue."""
    scale = get_colorscale(colours) if isinstance(colours, str) else list(colours)
    colours = sample_colorscale(scale, np.linspace(0, 1, 256).tolist(), colortype="tuple")
    colours, _ = convert_colors_to_same_type(colours, "tuple")
    return np.round(255 * np.array(colours)).astype(np.uint8)
