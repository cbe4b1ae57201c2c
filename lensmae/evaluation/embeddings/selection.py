"""Lenses chosen in a projection of embeddings: by an outline drawn around them, and as tables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from skimage.measure import approximate_polygon, points_in_poly

from lensmae.evaluation.facts import Fact
from lensmae.evaluation.parameters import without_lists

# A lasso's corners are thinned until they stray by so much of its extent from what was drawn: it must fit into an address.
_STRAY = 0.004
_MOST_CORNERS, _MOST_OUTLINES = 200, 8


@dataclass(frozen=True)
class Outline:
    """A closed polygon in a projection.

    Attributes:
        corners: at least three, (x, y) with four significant digits, as `text` has them.
    """

    corners: tuple[tuple[float, float], ...]

    @classmethod
    def drawn(cls, x: Sequence[float], y: Sequence[float]) -> "Outline | None":
        """From a lasso's corners, or from two opposite ones of a box; None where they enclose nothing."""
        if len(x) == 2:
            x, y = (x[0], x[1], x[1], x[0]), (y[0], y[0], y[1], y[1])
        corners = np.column_stack([x, y]).astype(np.float64)
        if len(corners) < 3 or not np.ptp(corners, axis=0).all():
            return None
        closed = np.vstack([corners, corners[:1]])
        thinned = approximate_polygon(closed, _STRAY * float(np.ptp(corners, axis=0).max()))[:-1]
        return cls(tuple((float(f"{a:.4g}"), float(f"{b:.4g}")) for a, b in thinned)) if len(thinned) > 2 else None

    @classmethod
    def read(cls, text: str) -> "Outline":
        """What `text` gave. Raises `ValueError` for anything else."""
        corners = tuple((float(x), float(y)) for x, y in (corner.split(",") for corner in text.split(";")))
        if not 3 <= len(corners) <= _MOST_CORNERS or not all(math.isfinite(value) for corner in corners for value in corner):
            raise ValueError(text)
        return cls(corners)

    @property
    def text(self) -> str:
        """The corners in one line, for an address."""
        return ";".join(f"{x:g},{y:g}" for x, y in self.corners)

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Which points (N, 2) lie in it, (N,) bool."""
        return points_in_poly(points, np.array(self.corners))


def outlines(selection: dict[str, Any]) -> list[Outline]:
    """The lassos and boxes of a chart's selection, as Streamlit tells it."""
    shapes = [*selection.get("lasso", []), *selection.get("box", [])][:_MOST_OUTLINES]
    found = [Outline.drawn(shape["x"], shape["y"]) for shape in shapes]
    return [outline for outline in found if outline is not None]


def held(around: Sequence[Outline], points: np.ndarray) -> np.ndarray:
    """Which points (N, 2) lie in any of the outlines, (N,) bool."""
    return np.any([outline.holds(points) for outline in around], axis=0)


def count_table(classes: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    """One row a class of the projection: how many of its lenses are chosen, of how many, and its part of the selection.

    Args:
        classes: (N,) class of every lens of the projection.
        chosen: (N,) bool.
    """
    counts = pd.DataFrame({"class": classes, "chosen": chosen}).groupby("class", sort=True)["chosen"].agg(["sum", "size"])
    share = counts["sum"] / max(1, int(chosen.sum()))
    return pd.DataFrame({"class": counts.index, "selected": counts["sum"], "of": counts["size"], "part": share}).reset_index(
        drop=True
    )


def selection_table(lenses: pd.DataFrame, rows: np.ndarray, points: np.ndarray, colour: Fact | None = None) -> pd.DataFrame:
    """One row a lens: its row in the data set, its facts (lists left out), its coordinates in the projection, its colour.

    Args:
        lenses: (N) their rows of the data set's table.
        rows: (N,) their rows in the data set.
        points: (N, 2 or 3) their positions.
        colour: the values the points are coloured by.
    """
    table = without_lists(lenses).reset_index(drop=True)
    table.insert(0, "row", rows)
    positions = {name: points[:, axis] for axis, name in enumerate("xyz"[: points.shape[1]])}
    table = table.assign(**{f"projection_{name}": values for name, values in positions.items()})
    if colour is None or colour.name in table.columns:
        return table
    return table.assign(**{colour.name: colour.names if colour.values is None else colour.values})
