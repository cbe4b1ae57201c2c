"""A threshold on one class's probability: what a classifier then calls each lens, and how good that is."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OperatingPoint:
    """Rates of one class at a threshold.

    Attributes:
        tpr, fpr: true- and false-positive rate; nan where there is no lens on that side.
        precision: share of the lenses called so that are; nan where none is called so.
        called: number of lenses called so.
    """

    tpr: float
    fpr: float
    precision: float
    called: int


def predicted(probabilities: np.ndarray, index: int | None = None, threshold: float = 0.5) -> np.ndarray:
    """Class of each lens, (N,) int: `index` where its probability reaches the threshold, else the likeliest of the others; the
    likeliest of all where `index` is None.

    Args:
        probabilities: (N, K).
        index: of the class in the probabilities; None for the likeliest of all.
        threshold: in [0, 1].
    """
    if index is None:
        return probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[:, index] = -1.0
    return np.where(probabilities[:, index] >= threshold, index, others.argmax(axis=1))


def operating_point(labels: np.ndarray, called: np.ndarray, index: int) -> OperatingPoint:
    """Rates of the class `index` for labels and calls (N,)."""
    truth, said = labels == index, called == index
    hits = int((truth & said).sum())
    rates = [_share(hits, truth.sum()), _share((said & ~truth).sum(), (~truth).sum()), _share(hits, said.sum())]
    return OperatingPoint(*rates, int(said.sum()))


def cell_members(labels: np.ndarray, called: np.ndarray, probabilities: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """Indices of the lenses of a confusion cell (true class, called class), the surest call first.

    Args:
        labels: (N,) int, the true classes.
        called: (N,) int, the classes called.
        probabilities: (N, K).
        cell: true class, called class.
    """
    members = np.flatnonzero((labels == cell[0]) & (called == cell[1]))
    return members[np.argsort(-probabilities[members, cell[1]], kind="stable")]


def worst_cell(counts: np.ndarray) -> tuple[int, int]:
    """The confusion cell (true class, called class) off the diagonal that holds most lenses."""
    errors = np.where(np.eye(len(counts), dtype=bool), -1, counts)
    row, column = np.unravel_index(int(errors.argmax()), counts.shape)
    return int(row), int(column)


def _share(part: int, whole: int) -> float:
    return float(part) / float(whole) if whole else float("nan")
