"""Do probabilities mean what they say? Reliability in bins of confidence, and temperature scaling (Guo et al. 2017,
arXiv:1706.04599, sections 2 and 4.2)."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import beta, chi2

from lensmae.evaluation.metrics import confidence_bins

# A probability of exactly 0 has no logarithm; float32 softmax gets there.
_FLOOR = 1e-12
_TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Reliability:
    """Lenses in equal-width bins of the top class's probability; empty bins are left out.

    Attributes:
        edges: (B, 2) of the bins.
        count: (B,) lenses.
        confidence: (B,) mean probability of the top class.
        accuracy: (B,) share that is right, with exact 95 % bounds `low` and `high` (Clopper & Pearson 1934).
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error, eq. 3."""
        return float(np.sum(self.count * np.abs(self.accuracy - self.confidence)) / self.count.sum())


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """Reliability of probabilities (N, K) for labels (N,)."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    index = confidence_bins(confidence, bins)
    filled, count = np.unique(index, return_counts=True)
    right = np.array([correct[index == b].sum() for b in filled])
    means = np.array([confidence[index == b].mean() for b in filled])
    low = np.where(right > 0, beta.ppf(0.025, np.maximum(right, 1), count - right + 1), 0.0)
    high = np.where(right < count, beta.ppf(0.975, right + 1, np.maximum(count - right, 1)), 1.0)
    edges = np.stack([filled, filled + 1], axis=1) / bins
    return Reliability(edges, count, means, right / count, low, high)


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / T): probabilities (N, K) made softer by T > 1, sharper by T < 1. The order of classes stays."""
    return softmax(_logs(probabilities) / temperature, axis=1)


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimises the mean negative log-likelihood of labels (N,), between 0.05 and 20."""
    logs, rows = _logs(probabilities), np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logs / np.exp(log_temperature), axis=1)[rows, labels].mean())

    found = minimize_scalar(loss, bounds=np.log(_TEMPERATURES), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def temperature_interval(probabilities: np.ndarray, labels: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The temperatures that labels (N,) are compatible with, by the likelihood ratio (Wilks 1938): 0 or infinity where nothing
    bounds them. Labels that are all of the likeliest class have no lower bound: the surer, the likelier."""
    logs, rows = _logs(probabilities), np.arange(len(labels))

    def above(log_temperature: float) -> float:
        return excess(log_temperature) - least - chi2.ppf(level, 1) / 2

    def excess(log_temperature: float) -> float:
        return -float(log_softmax(logs / np.exp(log_temperature), axis=1)[rows, labels].sum())

    best = np.log(fit_temperature(probabilities, labels))
    least = excess(best)
    ends = [brentq(above, best, end) if above(end) > 0 else None for end in np.log(_TEMPERATURES)]
    return 0.0 if ends[0] is None else float(np.exp(ends[0])), np.inf if ends[1] is None else float(np.exp(ends[1]))


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over lenses, in nats."""
    return -float(_logs(probabilities)[np.arange(len(labels)), labels].mean())


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities.astype(np.float64), _FLOOR))
