"""How sure are ROC and precision-recall curves? Percentile bootstrap over lenses (Efron & Tibshirani 1993)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

# Fine near 0, where the view with a logarithmic false-positive rate looks, and near 1.
GRID = np.unique(np.r_[0.0, np.logspace(-4, 0, 121), np.linspace(0.0, 1.0, 101)])
# Weights held at once, resamples x lenses: so many stay in the cache of a processor.
_AT_ONCE = 200_000
MACRO, MICRO = "macro", "micro"
# The rounding of sums leaves this much below one.
_PERFECT = 1 - 1e-7


@dataclass(frozen=True)
class Band:
    """A pointwise band around a curve and the interval of the area under it, both of one confidence level.

    Attributes:
        grid: (G,) false-positive rates (ROC) or recalls (PR), rising.
        low, high: (G,) bounds of the true-positive rate (ROC) or precision (PR).
        area: bounds of the AUC (ROC) or average precision (PR). Where all lenses are ranked right, `perfect_auc_bound` and 1 of
            the AUC, for averages the mean bound of the classes; of the average precision nan, none is known.
        areas: (B,) area of every resample; those of two models with one seed are paired.
    """

    grid: np.ndarray
    low: np.ndarray
    high: np.ndarray
    area: tuple[float, float]
    areas: np.ndarray


@dataclass(frozen=True)
class Bands:
    """Bands of ROC and PR curves by class, then "macro" and "micro"."""

    roc: dict[str, Band]
    pr: dict[str, Band]


def bootstrap_bands(
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Bands:
    """Bands of all one-vs-rest curves. Lenses are sampled with replacement within their class: every resample holds all classes.

    Args:
        labels: (N,) int, index in `classes`.
        probabilities: (N, K).
        classes: names, in the order of the probabilities.
        resamples: number of them.
        seed: of the draws; one seed and one set of labels give the same draws for every model.
        level: confidence level of bands and intervals.

    Returns:
        Bands of the classes that have lenses on both sides, their mean, and the micro average; empty where there is one class.
    """
    present = [index for index in range(len(classes)) if 0 < (labels == index).sum() < len(labels)]
    if not present:
        return Bands({}, {})
    truths = [labels == index for index in present]
    tests = {classes[index]: (truth, probabilities[:, index]) for index, truth in zip(present, truths, strict=True)}
    collected: dict[str, list[tuple[np.ndarray, ...]]] = {name: [] for name in tests}
    pooled = []
    truth_all, scores_all = np.concatenate(truths), np.concatenate([probabilities[:, index] for index in present])
    for weights in draw_weights(labels, resamples, seed):
        for name, (truth, scores) in tests.items():
            collected[name].append(weighted_curves(truth, scores, weights))
        pooled.append(weighted_curves(truth_all, scores_all, np.tile(weights, len(present))))
    joined = {name: _join(parts) for name, parts in collected.items()}
    joined[MACRO] = tuple(np.mean([parts[index] for parts in joined.values()], axis=0) for index in range(4))
    joined[MICRO] = _join(pooled)
    tail = 100 * (1 - level) / 2
    roc = {name: _band(parts[0], parts[1], tail) for name, parts in joined.items()}
    pr = {name: _band(parts[2], parts[3], tail) for name, parts in joined.items()}
    lowest = {name: perfect_auc_bound(int(truth.sum()), int((~truth).sum()), level) for name, (truth, _) in tests.items()}
    averaged = float(np.mean(list(lowest.values())))
    for name, band in roc.items():
        if band.area[0] > _PERFECT:
            # No resample of lenses that are all ranked right is ranked wrong: the bootstrap knows no doubt then.
            roc[name] = replace(band, area=(lowest.get(name, averaged), 1.0))
            pr[name] = replace(pr[name], area=(np.nan, np.nan))
    return Bands(roc, pr)


def perfect_auc_bound(positives: int, negatives: int, level: float = 0.95) -> float:
    """The lowest AUC that a perfect ranking of so many lenses is compatible with: Newcombe's score interval, his method 5
    (2006, Statistics in Medicine 25, 559), which for one lens on each side is Wilson's of 1 out of 1."""
    z, pairs, half = norm.ppf(0.5 + level / 2), positives * negatives, (positives + negatives) / 2 - 1

    def away(area: float) -> float:
        spread = area * (1 + half * (1 - area) / (2 - area) + half * area / (1 + area))
        return (1 - area) * pairs - z * z * spread

    return float(brentq(away, 0.0, 1.0))


def draw_weights(labels: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each lens is sampled in each resample, (b, N) float32, a few resamples at a time.

    Lenses are sampled with replacement within their class; `labels` (N,) int, `resamples` 1 or more.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    step = max(1, min(resamples, _AT_ONCE // len(labels)))
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        weights = np.empty((count, len(labels)), dtype=np.float32)
        for indices in members:
            drawn = rng.integers(0, len(indices), (count, len(indices))) + len(indices) * np.arange(count)[:, None]
            weights[:, indices] = np.bincount(drawn.ravel(), minlength=count * len(indices)).reshape(count, -1)
        yield weights


def weighted_curves(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """Curves of lenses that count several times, at the rates of `GRID`.

    Args:
        truth: (N,) bool.
        scores: (N,).
        weights: (b, N) float32, 0 or more.

    Returns:
        True-positive rates (b, G) and AUC (b,), precisions (b, G) and average precision (b,).
    """
    order = np.argsort(-scores, kind="stable")
    # Lenses of equal score pass a threshold together.
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True])
    weights = weights[:, order]
    passed = np.cumsum(weights, axis=1, dtype=np.float32)[:, ends]
    positive = np.cumsum(weights * truth[order], axis=1, dtype=np.float32)[:, ends]
    negative = passed - positive
    zero = np.zeros((len(weights), 1), dtype=np.float32)
    tpr = np.hstack([zero, positive / positive[:, -1:]])
    fpr = np.hstack([zero, negative / negative[:, -1:]])
    auc = np.einsum("bg,bg->b", np.diff(fpr, axis=1), 0.5 * (tpr[:, 1:] + tpr[:, :-1]), dtype=np.float64)
    precision = positive / np.maximum(passed, 1)
    average = np.einsum("bg,bg->b", np.diff(tpr, axis=1), precision, dtype=np.float64)
    rates = np.stack([np.interp(GRID, x, y) for x, y in zip(fpr, tpr, strict=True)])
    at = [np.minimum(np.searchsorted(recall[1:], GRID), len(ends) - 1) for recall in tpr]
    return rates, auc, np.take_along_axis(precision, np.stack(at), axis=1), average


def _join(parts: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _band(curves: np.ndarray, areas: np.ndarray, tail: float) -> Band:
    low, high = np.percentile(curves, [tail, 100 - tail], axis=0)
    lower, upper = np.percentile(areas, [tail, 100 - tail])
    return Band(GRID, low, high, (float(lower), float(upper)), areas)
