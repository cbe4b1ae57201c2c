"""What is drawn over images: points and lines in pixel coordinates, crisp at every zoom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Bright on inferno's dark half and dark-edged by the canvas, so that it is seen on its bright half as well.
OVERLAY_COLOUR = "#5fd7ff"


@dataclass(frozen=True)
class Points:
    """Rings at (x, y).

    Attributes:
        name: of the group, in the legend that hides and shows it; unique in a view.
        x, y: (N,) column and row in pixels of the first panel, (0, 0) the centre of its first pixel.
        labels: one a point, shown beside it; none where empty.
        sizes: diameter on the screen in CSS pixels, one for all or (N,).
        colour: any CSS colour.
        panels: indices of the panels that show them; all where None.
        draggable: visitors can move them, with the pointer or with the arrow keys.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    labels: Sequence[str] = ()
    sizes: float | np.ndarray = 10.0
    colour: str = OVERLAY_COLOUR
    panels: tuple[int, ...] | None = None
    draggable: bool = False

    def entry(self) -> dict[str, Any]:
        """As the canvas reads it; what has no finite position is left out of sight there."""
        sizes = np.broadcast_to(np.asarray(self.sizes, dtype=float), np.shape(self.x))
        shared = {"name": self.name, "colour": self.colour, "panels": self.panels, "draggable": self.draggable}
        return {"kind": "points", **_coordinates(self.x, self.y), "labels": list(self.labels), "sizes": sizes.tolist(), **shared}


@dataclass(frozen=True)
class Line:
    """A polyline through (x, y); a vertex that is not finite breaks it, so that one line holds all caustics of a lens.

    Attributes:
        name: of the line, in the legend that hides and shows it; unique in a view.
        x, y: (N,) column and row in pixels of the first panel, (0, 0) the centre of its first pixel.
        colour: any CSS colour.
        width: on the screen in CSS pixels.
        dashed: whether it is.
        panels: indices of the panels that show it; all where None.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: str = OVERLAY_COLOUR
    width: float = 1.5
    dashed: bool = False
    panels: tuple[int, ...] | None = None

    def entry(self) -> dict[str, Any]:
        """As the canvas reads it."""
        shared = {"name": self.name, "colour": self.colour, "panels": self.panels}
        return {"kind": "line", **_coordinates(self.x, self.y), "width": self.width, "dashed": self.dashed, **shared}


Overlay = Points | Line


def _coordinates(x: np.ndarray, y: np.ndarray) -> dict[str, list[float | None]]:
    """Coordinates to a thousandth of a pixel; JSON has no nan."""
    return {name: [_finite(value) for value in np.ravel(values)] for name, values in (("x", x), ("y", y))}


def _finite(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
