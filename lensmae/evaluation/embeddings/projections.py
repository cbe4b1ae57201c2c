"""From embeddings to two or three dimensions: PCA and UMAP, kept on disk by content."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.errors import ConfigError
from lensmae.evaluation.array_cache import kept, kept_path
from lensmae.evaluation.embeddings.nearest import METRICS, nearest
from lensmae.progress import Progress

METHODS = ("umap", "pca")
NEIGHBOURS = (2, 200)
_FEWEST = 4


@dataclass(frozen=True)
class Projection:
    """How embeddings are projected.

    Attributes:
        method: "umap" (McInnes et al. 2018, arXiv:1802.03426) or "pca".
        dimensions: 2 or 3.
        neighbours, min_dist, metric: UMAP's n_neighbors (2 to 200), min_dist (0 to 1) and metric, one of `METRICS`.
        seed: of UMAP's start and sampling.
    """

    method: str = "umap"
    dimensions: int = 2
    neighbours: int = 15
    min_dist: float = 0.1
    metric: str = "euclidean"
    seed: int = 0

    def __post_init__(self) -> None:
        allowed = {"method": METHODS, "dimensions": (2, 3), "metric": METRICS}
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                choices = ", ".join(map(str, values))
                raise ConfigError(f"{name} of a projection is {getattr(self, name)!r}; there are {choices}.")
        if not NEIGHBOURS[0] <= self.neighbours <= NEIGHBOURS[1]:
            raise ConfigError(f"UMAP's neighbours are {self.neighbours}; they must be from {NEIGHBOURS[0]} to {NEIGHBOURS[1]}.")
        if not 0 <= self.min_dist <= 1:
            raise ConfigError(f"UMAP's min_dist is {self.min_dist}; it must be from 0 to 1.")

    @property
    def settings(self) -> str:
        """What the result depends on; PCA has no settings but its dimensions."""
        facts = [self.method, self.dimensions]
        return str(facts if self.method == "pca" else [*facts, self.neighbours, self.min_dist, self.metric, self.seed])


def project(embeddings: np.ndarray, projection: Projection, progress: Progress | None = None) -> np.ndarray:
    """Points (N, 2 or 3) float32 of embeddings (N, D).

    UMAP of fewer than four points is not defined; those are projected by PCA.

    Args:
        embeddings: (N, D).
        projection: how.
        progress: called with (epochs done, epochs in all) once UMAP knows the neighbours.
    """
    if len(embeddings) < 2:
        raise ConfigError(f"A projection needs at least two lenses; there are {len(embeddings)}.")
    if projection.method == "umap" and len(embeddings) >= _FEWEST:
        return np.asarray(kept(_path(embeddings, projection), lambda: _umap(embeddings, projection, progress)))
    return np.asarray(kept(_path(embeddings, projection), lambda: _pca_points(embeddings, projection.dimensions)))


def kept_projection(embeddings: np.ndarray, projection: Projection) -> np.ndarray | None:
    """The points where they are kept on disk, else None."""
    return project(embeddings, projection) if _path(embeddings, projection).is_file() else None


def position(image: np.ndarray, embeddings: np.ndarray, points: np.ndarray, projection: Projection) -> np.ndarray:
    """Where a further embedding (D,) lies among the points (N, 2 or 3) of embeddings (N, D).

    PCA projects it. For UMAP it is the mean of the points of its nearest neighbours, weighted by exp(-(d - d_min) / s) with s
    the mean of d - d_min: what UMAP's own transform starts from, without the optimisation that follows there.

    Args:
        image: (D,), the further embedding.
        embeddings: (N, D).
        points: (N, 2 or 3), where the others lie.
        projection: how they were projected.
    """
    if projection.method == "pca" or len(embeddings) < _FEWEST:
        return _pca(embeddings, points.shape[1]).transform(image[None])[0].astype(np.float32)
    rows, distances = nearest(embeddings, image, min(projection.neighbours, len(embeddings)), projection.metric)
    beyond = distances - distances.min()
    weights = np.exp(-beyond / max(float(beyond.mean()), 1e-12))
    return (weights @ points[rows] / weights.sum()).astype(np.float32)


def _path(embeddings: np.ndarray, projection: Projection) -> Path:
    content = np.ascontiguousarray(embeddings, dtype=np.float32)
    return kept_path(projection.method, [content.data.cast("B"), str(embeddings.shape), projection.settings])


def _pca(embeddings: np.ndarray, dimensions: int) -> Any:
    from sklearn.decomposition import PCA

    return PCA(min(dimensions, *embeddings.shape), svd_solver="full" if len(embeddings) < 500 else "covariance_eigh").fit(
        embeddings
    )


def _pca_points(embeddings: np.ndarray, dimensions: int) -> np.ndarray:
    points = _pca(embeddings, dimensions).transform(embeddings)
    # Two lenses span one direction only.
    return np.pad(points, ((0, 0), (0, dimensions - points.shape[1]))).astype(np.float32)


def _umap(embeddings: np.ndarray, projection: Projection, progress: Progress | None) -> np.ndarray:
    from umap import UMAP

    count = len(embeddings)
    watched = {} if progress is None else {"tqdm_kwds": {"disable": False, "file": _Epochs(progress), "bar_format": _EPOCHS}}
    # A seed makes UMAP repeatable and, with that, single-threaded.
    reducer = UMAP(
        n_components=projection.dimensions,
        n_neighbors=min(projection.neighbours, count - 1),
        min_dist=projection.min_dist,
        metric=projection.metric,
        random_state=projection.seed,
        n_jobs=1,
        init="pca" if count < 16 else "spectral",
        **watched,
    )
    return reducer.fit_transform(embeddings).astype(np.float32)


_EPOCHS = "{n_fmt}/{total_fmt}"


class _Epochs:
    """The file that UMAP's tqdm bar is written to: passes its numbers on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> None:
        for done, total in re.findall(r"(\d+)/(\d+)", text):
            self._progress(int(done), int(total))

    def flush(self) -> None:
        """tqdm flushes its file; there is nothing to flush."""
