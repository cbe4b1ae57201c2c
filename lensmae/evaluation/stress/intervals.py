"""95 % intervals of what the stress test measures."""

from collections.abc import Callable

import numpy as np
from scipy.stats import binomtest

_RESAMPLES = 400


def share_interval(right: np.ndarray) -> tuple[float, float]:
    """Wilson's interval of the share that is true of (N,) bool."""
    found = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def macro_auc(labels: np.ndarray, probabilities: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Macro one-vs-rest AUC of probabilities (N, K) for labels (N,), with its bootstrap interval; nan where the labels hold one
    class. The areas are Mann-Whitney's U, and a resample gives every lens a weight, so that all are matrix products."""
    count = len(labels)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES).astype(np.float32)
    weights = np.concatenate([np.ones((1, count), np.float32), weights])
    areas = [
        area
        for index in range(probabilities.shape[1])
        if (area := _weighted_auc(labels == index, probabilities[:, index], weights)) is not None
    ]
    if not areas:
        return np.nan, np.nan, np.nan
    with np.errstate(invalid="ignore"):
        macro = np.mean(areas, axis=0)
    low, high = np.nanpercentile(macro[1:], [2.5, 97.5])
    return float(macro[0]), float(low), float(high)


def _weighted_auc(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """AUC (R,) under weights (R, N); None where one side is empty, nan where it is in a resample."""
    if not truth.any() or truth.all():
        return None
    above, below = scores[truth][:, None], scores[~truth][None]
    wins = (above > below) + 0.5 * (above == below)
    positive, negative = weights[:, truth], weights[:, ~truth]
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    won = np.einsum("rp,pn,rn->r", positive, wins.astype(np.float32), negative, optimize=True)
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def bootstrap_interval(count: int, statistic: Callable[[np.ndarray], float], seed: int = 0) -> tuple[float, float]:
    """Percentiles 2.5 and 97.5 of a statistic of rows (N,) over resamples of `count` rows; resamples that have none (nan) are
    left out, and nan twice where all are."""
    rng = np.random.default_rng(seed)
    values = np.array([statistic(rng.integers(count, size=count)) for _ in range(_RESAMPLES)])
    values = values[np.isfinite(values)]
    return (float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))) if len(values) else (np.nan, np.nan)
