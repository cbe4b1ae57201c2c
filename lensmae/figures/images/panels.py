"""Images side by side on one shared scale, packed for the browser's canvas (`lensmae.app.lens_view.component` draws them).

Plotly heat maps of four lenses take half a second a change; a canvas slides through frames that are already there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from lensmae.figures.images.overlays import Overlay
from lensmae.figures.images.stretch import colour_table, limits, stretched

FLUX_COLOURS = "inferno"
MEASURE_COLOURS = "viridis"
RESIDUAL_PERCENTILE = 99.8
# Blue and orange part for every kind of colour vision; the centre is as dark as an empty sky.
ERROR_COLOURS = ("#b5dcff", "#4a9be0", "#1f4f7d", "#0d1016", "#82380f", "#e07a2c", "#ffd9ad")


@dataclass(frozen=True)
class Panel:
    """One image, or one image a frame.

    Attributes:
        title: shown above it.
        pixels: (H, W) or (F, H, W) float32, finite.
        residual: drawn with the diverging map on a scale of its own that is centred on zero.
        covered: (F, gh, gw) bool, patches that are not drawn, or None.
        measure: unit of pixels that are neither flux nor residual (an attention weight, a standard deviation); they have a map
            of their own and in every frame a linear scale from zero, or from the smallest where that is below, to the largest.
            "" for flux.
        available: frames that `pixels` holds, in order, where not all are there yet; the canvas leaves the others empty.
            `covered` holds all frames nevertheless. None where `pixels` holds all.
        span: limits of the scale of a measure in every frame that `pixels` holds, (F, 2), instead of its own: `compared` sets
            them.
        bound: where a residual's scale ends, instead of at a high percentile of what is drawn (`residual_bound`).
        ends: limits of the flux that are the panel's own, instead of those of all panels: `on_own_limits` sets them.
    """

    title: str
    pixels: np.ndarray
    residual: bool = False
    covered: np.ndarray | None = None
    measure: str = ""
    available: tuple[int, ...] | None = None
    span: np.ndarray | None = None
    ends: tuple[float, float] | None = None
    bound: float | None = None

    @property
    def frames(self) -> tuple[int, ...]:
        """Numbers of the frames that `pixels` holds."""
        return tuple(range(len(self.pixels) if self.pixels.ndim == 3 else 1)) if self.available is None else self.available

    @property
    def colours(self) -> str:
        """Name of its colour table."""
        return "residual" if self.residual else "measure" if self.measure else "flux"

    @property
    def own_limits(self) -> np.ndarray:
        """Limits of the scale of a measure in every frame, (F, 2)."""
        if self.span is not None:
            return self.span
        frames = self.pixels.reshape(-1, self.pixels.shape[-2] * self.pixels.shape[-1]).astype(float)
        low, high = np.minimum(0.0, frames.min(axis=1)), frames.max(axis=1)
        return np.stack([low, np.where(high > low, high, low + 1.0)], axis=1)


@dataclass(frozen=True)
class Scale:
    """Display limits: flux from `low` to `high` under `stretch`, residuals from -`bound` to `bound`."""

    low: float
    high: float
    bound: float
    stretch: str


def shared_scale(panels: Sequence[Panel], stretch: str = "asinh", percentile: float = 100.0) -> Scale:
    """One scale for all panels: flux limits from the first panel, the residual bound a high percentile of what is drawn."""
    low, high = limits(panels[0].pixels, percentile)
    residuals = [panel.bound or np.percentile(np.abs(_drawn(panel)), RESIDUAL_PERCENTILE) for panel in panels if panel.residual]
    return Scale(low, high, float(max(residuals, default=0.0)) or 1.0, stretch)


def residual_bound(image: np.ndarray) -> float:
    """Where residuals of reconstructions of an image (H, W) end on every page, whatever the mask, the network, and how many
    frames there are yet: half of how far 99 % of its pixels stay from their median."""
    spread = float(np.percentile(np.abs(image - np.median(image)), 99.0))
    return 0.5 * spread or float(np.ptp(image)) / 3 or 1.0


def on_own_limits(panels: Sequence[Panel], percentile: float = 100.0) -> list[Panel]:
    """The same panels with flux between each image's own limits: lenses of several flux units in one gallery."""
    own = (replace(panel, ends=limits(panel.pixels, percentile)) for panel in panels)
    return [after if before.colours == "flux" else before for before, after in zip(panels, own, strict=True)]


def compared(panels: Sequence[Panel]) -> list[Panel]:
    """The same panels with measures of one unit on one scale in every frame, so that they can be compared."""
    spans: dict[tuple[str, int], tuple[float, float]] = {}
    for panel in panels:
        for frame, (low, high) in zip(panel.frames, panel.own_limits.tolist() if panel.measure else (), strict=False):
            before = spans.get((panel.measure, frame), (low, high))
            spans[panel.measure, frame] = (min(low, before[0]), max(high, before[1]))
    return [
        replace(panel, span=np.array([spans[panel.measure, frame] for frame in panel.frames])) if panel.measure else panel
        for panel in panels
    ]


def shade(panel: Panel, scale: Scale) -> np.ndarray:
    """Place in the colour table of every pixel, uint8; zero residual is 127.5, rounded to even."""
    if panel.residual:
        unit = np.clip(0.5 + panel.pixels / (2 * scale.bound), 0.0, 1.0)
    elif panel.measure:
        frames = panel.pixels.reshape(-1, *panel.pixels.shape[-2:])
        each = [stretched(pixels, "linear", *ends) for pixels, ends in zip(frames, panel.own_limits, strict=True)]
        unit = np.stack(each).reshape(panel.pixels.shape)
    else:
        unit = stretched(panel.pixels, scale.stretch, *(panel.ends or (scale.low, scale.high)))
    return np.round(255 * unit).astype(np.uint8)


def pack(panels: Sequence[Panel], scale: Scale, overlays: Sequence[Overlay] = (), **facts: Any) -> bytes:
    """Everything the canvas draws: length of the header (uint32, little-endian), JSON header, arrays aligned to 4 bytes.

    Args:
        panels: in their order.
        scale: limits they share.
        overlays: drawn over the panels.
        facts: further JSON entries of the header.
    """
    arrays: list[np.ndarray] = []
    entries = [_entry(panel, scale, arrays) for panel in panels]
    tables = {"flux": FLUX_COLOURS, "residual": ERROR_COLOURS, "measure": MEASURE_COLOURS}
    tables = {name: _store(_table(colours), arrays) for name, colours in tables.items()}
    drawn = [overlay.entry() for overlay in overlays]
    header = {"panels": entries, "tables": tables, "scale": vars(scale), "overlays": drawn, **facts}
    text = json.dumps(header, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(array.tobytes() + b"\0" * (-array.nbytes % 4) for array in arrays)
    return len(text).to_bytes(4, "little") + text + body


@lru_cache(maxsize=8)
def _table(name: str | tuple[str, ...]) -> np.ndarray:
    # Sampled once: it takes a millisecond or two.
    return colour_table(name)


def _entry(panel: Panel, scale: Scale, arrays: list[np.ndarray]) -> dict[str, Any]:
    height, width = panel.pixels.shape[-2:]
    entry = {
        "title": panel.title,
        "colours": panel.colours,
        "height": height,
        "width": width,
        "frames": len(panel.pixels) if panel.pixels.ndim == 3 else 1,
        "shades": _store(shade(panel, scale), arrays),
        "values": _store(panel.pixels.astype("<f4"), arrays),
    }
    if panel.available is not None:
        entry["available"] = list(panel.available)
    if panel.measure:
        entry["measure"] = {"unit": panel.measure, "limits": panel.own_limits.tolist()}
    if panel.covered is not None:
        entry["covered"] = _store(panel.covered.astype(np.uint8), arrays)
        entry["grid"] = list(panel.covered.shape[-2:])
    return entry


def _store(array: np.ndarray, arrays: list[np.ndarray]) -> int:
    """Put an array into the body; its offset there."""
    offset = sum(kept.nbytes + -kept.nbytes % 4 for kept in arrays)
    arrays.append(np.ascontiguousarray(array))
    return offset


def _drawn(panel: Panel) -> np.ndarray:
    """Pixels of a panel with those under covered patches set to zero."""
    if panel.covered is None:
        return panel.pixels
    covered = panel.covered if panel.available is None else panel.covered[list(panel.available)]
    size = panel.pixels.shape[-2] // covered.shape[-2], panel.pixels.shape[-1] // covered.shape[-1]
    return np.where(covered.repeat(size[0], axis=-2).repeat(size[1], axis=-1), 0.0, panel.pixels)
