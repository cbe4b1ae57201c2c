"""Is one classifier better than another? The test of DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44, 837) for AUCs of the
same lenses, with midranks as in Sun & Xu 2014 (IEEE Signal Processing Letters 21, 1389): O(N log N) instead of all pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata


@dataclass(frozen=True)
class AucTest:
    """A paired comparison of two AUCs.

    Attributes:
        first, second: the two AUCs.
        difference: first - second, with bounds `low` and `high` at the asked level.
        z: difference in units of its standard error; 0 where both are equal on every lens.
        p: two-sided p-value of no difference.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    z: float
    p: float


def auc_influence(truth: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """AUC, and what each lens adds to its error, (N,): products of these, summed over lenses, are DeLong's covariances.

    For a positive i it is (V10(i) - AUC) / sqrt(m (m - 1)), for a negative j (V01(j) - AUC) / sqrt(n (n - 1)), with the
    structural components V of DeLong et al., eq. 5, for m positives and n negatives.

    Args:
        truth: (N,) bool, with at least two lenses on each side.
        scores: (N,), larger for positives.
    """
    truth = np.asarray(truth, dtype=bool)
    m, n = int(truth.sum()), int((~truth).sum())
    if min(m, n) < 2:
        raise ValueError(f"DeLong's variance needs two lenses on each side; there are {m} positive and {n} negative ones.")
    scores = np.asarray(scores, dtype=np.float64)
    ranks = rankdata(scores)
    above = (ranks[truth] - rankdata(scores[truth])) / n
    below = 1.0 - (ranks[~truth] - rankdata(scores[~truth])) / m
    auc = float(above.mean())
    influence = np.empty(len(scores))
    influence[truth] = (above - auc) / np.sqrt(m * (m - 1))
    influence[~truth] = (below - auc) / np.sqrt(n * (n - 1))
    return auc, influence


def auc_interval(truth: np.ndarray, scores: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """AUC with the bounds of its interval, symmetric in the logit of the AUC so that they stay inside [0, 1] (Qin & Hotilovac
    2008, Stat. Methods Med. Res. 17, 207); without a width where all pairs are in order."""
    auc, influence = auc_influence(truth, scores)
    if auc in (0.0, 1.0):
        return auc, auc, auc
    logit = np.log(auc / (1 - auc))
    reach = norm.ppf(0.5 + level / 2) * np.sqrt(np.sum(influence**2)) / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(logit + reach * np.array([-1, 1]))))
    return auc, float(low), float(high)


def macro_delong_test(
    labels: np.ndarray, first: np.ndarray, second: np.ndarray, classes: Sequence[str], level: float = 0.95
) -> dict[str, AucTest]:
    """Compare the one-vs-rest AUCs of two classifiers by class, and their mean, "macro".

    The error of a mean of AUCs is the mean of their influences, so its variance follows from the same components; it respects
    that all classes are measured on the same lenses.

    Args:
        labels: (N,) int, index in `classes`.
        first, second: probabilities (N, K).
        classes: names, in the order of the probabilities.
        level: of the interval, in (0, 1).

    Returns:
        A test for every class with two lenses on each side, then "macro" where there is any.
    """
    tests, parts = {}, []
    for index, name in enumerate(classes):
        truth = labels == index
        if min(truth.sum(), (~truth).sum()) >= 2:
            pair = [auc_influence(truth, scores[:, index]) for scores in (first, second)]
            tests[name] = _compare(*pair, level)
            parts.append(pair)
    if parts:
        macro = [(float(np.mean([p[s][0] for p in parts])), np.mean([p[s][1] for p in parts], axis=0)) for s in (0, 1)]
        tests["macro"] = _compare(*macro, level)
    return tests


def _compare(first: tuple[float, np.ndarray], second: tuple[float, np.ndarray], level: float) -> AucTest:
    difference = first[0] - second[0]
    error = float(np.sqrt(np.sum((first[1] - second[1]) ** 2)))
    # Where no lens moves one AUC and not the other there is nothing to tell them apart.
    z = difference / error if error > 1e-15 else 0.0
    reach = float(norm.ppf(0.5 + level / 2)) * error
    p = float(2 * norm.sf(abs(z)))
    return AucTest(first[0], second[0], difference, difference - reach, difference + reach, float(z), p)
