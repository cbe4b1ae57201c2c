"""Which lenses stand for the parts of a projection, so that their pictures can lie on it."""

import numpy as np


def representatives(points: np.ndarray, across: int = 12) -> np.ndarray:
    """Indices of points (N, 2), one for every occupied cell of a grid: the one nearest to the cell's middle.

    Args:
        points: (N, 2).
        across: cells of the grid in x and in y.
    """
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    scaled = (points - low) / np.where(span > 0, span, 1.0) * across
    cells = np.minimum(scaled.astype(int), across - 1)
    off = ((scaled - cells - 0.5) ** 2).sum(axis=1)
    order = np.lexsort((off, cells[:, 0], cells[:, 1]))
    numbers = cells[order, 1] * across + cells[order, 0]
    first = np.append(True, numbers[1:] != numbers[:-1]) if len(numbers) else np.zeros(0, dtype=bool)
    return np.sort(order[first])
