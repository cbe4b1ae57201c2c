"""Search by several examples: lenses near what is wanted and far from what is not."""

from collections.abc import Sequence

import numpy as np

from lensmae.errors import ConfigError
from lensmae.evaluation.embeddings.nearest import distances_to


def relevance(embeddings: np.ndarray, wanted: Sequence[int], unwanted: Sequence[int], metric: str = "euclidean") -> np.ndarray:
    """How much each embedding is like the examples, (N,) in [0, 1].

    The distance to the nearest unwanted example over the sum of it and the distance to the nearest wanted one (Giacinto & Roli
    2004). Without unwanted ones, the median distance to the wanted takes their place, so that the order is that of the distances.

    Args:
        embeddings: (N, D).
        wanted: indices of examples of what is looked for; at least one.
        unwanted: indices of examples of what is not.
        metric: one of `METRICS`.
    """
    if not len(wanted):
        raise ConfigError("A search by examples needs at least one lens of what is looked for.")
    near = distances_to(embeddings, embeddings[list(wanted)], metric).min(axis=0)
    far = distances_to(embeddings, embeddings[list(unwanted)], metric).min(axis=0) if len(unwanted) else np.median(near)
    total = near + far
    return np.divide(far, total, out=np.full(len(embeddings), 0.5), where=total > 0)


def most_relevant(scores: np.ndarray, examples: Sequence[int], count: int) -> np.ndarray:
    """Indices of the most relevant embeddings, best first, without the examples themselves."""
    order = np.argsort(-scores, kind="stable")
    return order[~np.isin(order, list(examples))][:count]
