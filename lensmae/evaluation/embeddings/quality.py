"""How good embeddings are, and how much of them a projection shows."""

from dataclasses import astuple, dataclass

import numpy as np

from lensmae.evaluation.array_cache import kept, kept_path

_TRAIN, _MEASURED, _SAMPLE = 10_000, 5_000, 3_000
_NEIGHBOURS = 10
_SEED = 0


@dataclass(frozen=True)
class EmbeddingQuality:
    """Figures of embeddings by class.

    Attributes:
        linear: accuracy of a logistic regression on standardised embeddings.
        neighbours: accuracy of the vote of the ten nearest training lenses.
        majority: accuracy of always naming the most frequent class, to compare with.
        train, measured: lenses of the training split that both are fitted to, and other lenses that they are measured on.
        silhouette: mean silhouette of the classes, from -1 to 1, and of how many lenses; nan where there is one class only.
    """

    linear: float
    neighbours: float
    majority: float
    train: int
    measured: int
    silhouette: float
    silhouette_lenses: int


def embedding_quality(embeddings: np.ndarray, labels: np.ndarray, train: np.ndarray) -> EmbeddingQuality:
    """Measure embeddings (N, D) with labels (N,) int; `train` (N,) bool says which are of the training split.

    The accuracies are nan where either part is empty or the training part has one class only. Large sets are measured on a part
    drawn with a fixed seed: 10,000 to fit, 5,000 to measure, 3,000 for the silhouette.
    """
    content = [np.ascontiguousarray(part).tobytes() for part in (embeddings, labels, train)]
    figures = kept(kept_path("quality", content), lambda: np.array(astuple(_measure(embeddings, labels, train))))
    linear, neighbours, majority, fitted, measured, silhouette, lenses = figures.tolist()
    return EmbeddingQuality(linear, neighbours, majority, int(fitted), int(measured), silhouette, int(lenses))


def trustworthiness(embeddings: np.ndarray, points: np.ndarray, neighbours: int = 15) -> float:
    """How far near points are near embeddings too, 0 to 1 (Venna & Kaski 2001); of at most 3,000 sampled lenses.

    nan for fewer lenses than it is defined for.
    """
    chosen = _draw(np.arange(len(points)), _SAMPLE)
    if len(chosen) <= 3:
        return float("nan")
    near = min(neighbours, (len(chosen) - 1) // 2)
    content = [embeddings[chosen].tobytes(), points[chosen].tobytes(), str(near)]
    return float(kept(kept_path("trustworthiness", content), lambda: _trustworthiness(embeddings[chosen], points[chosen], near)))


def _trustworthiness(embeddings: np.ndarray, points: np.ndarray, neighbours: int) -> np.ndarray:
    from sklearn.manifold import trustworthiness as measure

    return np.array(measure(embeddings, points, n_neighbors=neighbours))


def _measure(embeddings: np.ndarray, labels: np.ndarray, train: np.ndarray) -> EmbeddingQuality:
    fit, rest = _draw(np.flatnonzero(train), _TRAIN), _draw(np.flatnonzero(~train), _MEASURED)
    linear, neighbours, majority = _accuracies(embeddings, labels, fit, rest)
    silhouette, lenses = _silhouette(embeddings, labels)
    return EmbeddingQuality(linear, neighbours, majority, len(fit), len(rest), silhouette, lenses)


def _accuracies(embeddings: np.ndarray, labels: np.ndarray, fit: np.ndarray, rest: np.ndarray) -> tuple[float, float, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(rest) == 0 or len(np.unique(labels[fit])) < 2:
        return float("nan"), float("nan"), float("nan")
    models = (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        KNeighborsClassifier(min(_NEIGHBOURS, len(fit)), algorithm="brute"),
    )
    linear, neighbours = (model.fit(embeddings[fit], labels[fit]).score(embeddings[rest], labels[rest]) for model in models)
    return float(linear), float(neighbours), float((labels[rest] == np.bincount(labels[fit]).argmax()).mean())


def _silhouette(embeddings: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
    from sklearn.metrics import silhouette_score

    chosen = _draw(np.arange(len(labels)), _SAMPLE)
    if not 2 <= len(np.unique(labels[chosen])) < len(chosen):
        return float("nan"), len(chosen)
    return float(silhouette_score(embeddings[chosen], labels[chosen])), len(chosen)


def _draw(indices: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the indices, in their order."""
    if len(indices) <= most:
        return indices
    return np.sort(np.random.default_rng(_SEED).choice(indices, most, replace=False))
