"""Two classifiers on the same lenses, lens by lens: where they differ, and which is right."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest


@dataclass(frozen=True)
class Disagreement:
    """Lenses to which two classifiers give different classes.

    Attributes:
        table: one row a lens, the surest first: row (of the data set), true, first and second (the classes they give), p_first
            and p_second (their probabilities of those), right ("first", "second" or "none").
        p: of McNemar's exact test that both are right equally often; 1 where only one of them is right nowhere.
    """

    table: pd.DataFrame
    p: float


def disagreement(
    labels: np.ndarray, first: np.ndarray, second: np.ndarray, classes: tuple[str, ...], rows: np.ndarray
) -> Disagreement:
    """Compare two classifiers.

    Args:
        labels: (N,) true classes as indices in `classes`.
        first: (N, K) probabilities of the first.
        second: (N, K) of the second.
        classes: (K,) their names.
        rows: (N,) of the data set.
    """
    names = np.array(classes)
    calls = first.argmax(axis=1), second.argmax(axis=1)
    right = np.select([calls[0] == labels, calls[1] == labels], ["first", "second"], "none")
    sure = first.max(axis=1) + second.max(axis=1)
    differ = np.flatnonzero(calls[0] != calls[1])
    differ = differ[np.argsort(-sure[differ], kind="stable")]
    table = pd.DataFrame(
        {
            "row": rows[differ],
            "true": names[labels[differ]],
            "first": names[calls[0][differ]],
            "second": names[calls[1][differ]],
            "p_first": first.max(axis=1)[differ],
            "p_second": second.max(axis=1)[differ],
            "right": right[differ],
        }
    )
    only = [int((table["right"] == who).sum()) for who in ("first", "second")]
    return Disagreement(table, float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0)
