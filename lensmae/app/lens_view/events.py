"""What a visitor does to the images of a `lens_view`: clicks, boxes, dragged points."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Click:
    """A click on an image.

    Attributes:
        panel: index of the panel.
        x, y: column and row in pixels of the first panel, (0, 0) the centre of its first pixel.
    """

    panel: int
    x: float
    y: float

    @property
    def pixel(self) -> tuple[int, int]:
        """Row and column of the pixel of the first panel."""
        return round(self.y), round(self.x)

    def patch(self, size: int) -> tuple[int, int]:
        """Row and column of the patch of `size` pixels."""
        return int((self.y + 0.5) // size), int((self.x + 0.5) // size)


@dataclass(frozen=True)
class Box:
    """A box drawn over an image, from (x0, y0) to (x1, y1) in the coordinates of `Click`."""

    panel: int
    x0: float
    y0: float
    x1: float
    y1: float

    def patches(self, size: int) -> tuple[slice, slice]:
        """Rows and columns of the patches of `size` pixels that it touches."""
        return tuple(
            slice(int((low + 0.5) // size), max(int((low + 0.5) // size) + 1, math.ceil((high + 0.5) / size)))
            for low, high in ((self.y0, self.y1), (self.x0, self.x1))
        )


@dataclass(frozen=True)
class Drag:
    """A point of a draggable overlay at its new position, in the coordinates of `Click`.

    Attributes:
        name: of the overlay.
        index: index of the point in it.
        final: False while the point is still in the visitor's hand.
    """

    name: str
    index: int
    x: float
    y: float
    final: bool


Event = Click | Box | Drag


@dataclass(frozen=True)
class View:
    """What the browser says of a `lens_view`.

    Attributes:
        frame: that the slider was released at.
        event: of this run, else None; the next run no longer holds it.
    """

    frame: int
    event: Event | None


def read_event(raw: Any, height: int, width: int) -> Event | None:
    """An event as the browser sends it; None where it is none. Positions are clipped to the first panel's (height, width)."""
    if not isinstance(raw, Mapping):
        return None
    across, down = ((lambda value, most=side - 0.5: _clipped(value, most)) for side in (width, height))
    try:
        match raw.get("kind"):
            case "click":
                return Click(int(raw["panel"]), across(raw["x"]), down(raw["y"]))
            case "box":
                (x0, x1), (y0, y1) = sorted(map(across, raw["x"])), sorted(map(down, raw["y"]))
                return Box(int(raw["panel"]), x0, y0, x1, y1)
            case "drag":
                return Drag(str(raw["name"]), int(raw["index"]), across(raw["x"]), down(raw["y"]), bool(raw["final"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        # A visitor's own script may send anything; what cannot be read did not happen.
        return None
    return None


def _clipped(value: Any, most: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(number)
    # The far edge belongs to no pixel.
    return min(max(number, -0.5), most - 1e-6)
