"""How far an image lies from what a network was trained on: distances in embedding space, calibrated on held-out lenses."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# The k of "distance to the k-th nearest" (Sun et al. 2022, arXiv:2204.06507, where results hardly depend on it).
KTH_NEAREST = 10
# Share of held-out lenses, in percent, that an image must lie beyond to be called outside.
LIMIT_PERCENTILE = 99.5
_COMPONENTS = 50


@dataclass(frozen=True)
class Novelty:
    """One measure of one image, beside the same measure of held-out lenses.

    Attributes:
        measure: "embedding", distance to the 10th nearest training lens; "error", masked-patch MSE; or one of
            `lensmae.evaluation.ood.measures`.
        value: of this image.
        percentile: share of held-out lenses with a smaller value, in percent.
        limit: value beyond which an image is out of distribution.
        held_out: how many lenses those are.
    """

    measure: str
    value: float
    percentile: float
    limit: float
    held_out: int

    @property
    def outside(self) -> bool:
        """Whether it lies beyond the limit: without a fitted one, one in 200 of lenses like the training ones does."""
        return self.value > self.limit

    @property
    def ratio(self) -> float:
        """Value over limit; a percentile ends at 100, this goes on."""
        return self.value / self.limit if self.limit > 0 else float("inf") if self.value > 0 else 1.0


def novelty(measure: str, value: float, held_out: np.ndarray, limit: float | None = None) -> Novelty:
    """Rank of a value among those of held-out lenses (H,); without a limit, it is what 99.5 % of them stay below.

    Args:
        measure: its name.
        value: of one image.
        held_out: (H,) of held-out lenses.
        limit: above which it is unusual; None for the 99.5th percentile.
    """
    percentile = 100.0 * float(np.mean(held_out < value))
    reached = float(np.percentile(held_out, LIMIT_PERCENTILE)) if limit is None else limit
    return Novelty(measure, float(value), percentile, reached, len(held_out))


@dataclass(frozen=True)
class EmbeddingSpace:
    """Embeddings (M, D) of training lenses, in which distances are taken.

    The leading principal components are scaled to unit variance (a Mahalanobis distance): unscaled, the few directions in
    which lenses of a set differ most hide those in which a foreign image does.
    """

    embeddings: np.ndarray

    @cached_property
    def _projection(self):
        from sklearn.decomposition import PCA

        count, width = self.embeddings.shape
        return PCA(max(2, min(_COMPONENTS, count // 4, width)), whiten=True, svd_solver="full").fit(self._wide(self.embeddings))

    @cached_property
    def _index(self):
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(algorithm="brute").fit(self._projection.transform(self._wide(self.embeddings)))

    @staticmethod
    def _wide(embeddings: np.ndarray) -> np.ndarray:
        return np.asarray(embeddings, dtype=np.float64)

    def distances(self, embeddings: np.ndarray) -> np.ndarray:
        """Distance of embeddings (B, D) to their 10th nearest training lens, (B,)."""
        return self.nearest(embeddings, min(KTH_NEAREST, len(self.embeddings)))[0][:, -1]

    def nearest(self, embeddings: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances and indices of the `count` nearest training lenses of embeddings (B, D), (B, count) each, near ones first."""
        return self._index.kneighbors(self._projection.transform(self._wide(embeddings)), n_neighbors=count)

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """The first two principal components of embeddings (B, D), (B, 2) float32."""
        return self._projection.transform(self._wide(embeddings))[:, :2].astype(np.float32)

    @property
    def points(self) -> np.ndarray:
        """The training lenses in that projection, (M, 2) float32."""
        return self.project(self.embeddings)
