"""Embeddings of a data set and their projections to a plane, kept on disk by content."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lensmae.data import LensDataset
from lensmae.errors import ConfigError
from lensmae.evaluation.reports import check_images
from lensmae.models import SuperResolver
from lensmae.models.predictors import LoadedModel
from lensmae.workspace import read_only, replacing, workspace

_BATCH = 64
METHODS = ("pca", "umap")


def embed_dataset(
    model: LoadedModel, dataset: LensDataset, indices: np.ndarray, progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """Mean-pooled tokens of the given rows, (N, D) float32; `progress` is called with (lenses done, lenses in all)."""
    if not isinstance(model, SuperResolver):
        # A super-resolver pads what its patches do not cover.
        check_images(model, dataset)

    def compute() -> np.ndarray:
        parts = []
        for start in range(0, len(indices), _BATCH):
            parts.append(model.embed(np.asarray(dataset.images[indices[start : start + _BATCH]])))
            if progress is not None:
                progress(min(start + _BATCH, len(indices)), len(indices))
        return np.concatenate(parts)

    stamp = f"{model.path.stat().st_mtime_ns}-{model.path.stat().st_size}"
    return _kept("embeddings", [model.name, model.card.created, stamp, dataset.info.fingerprint, indices.tobytes()], compute)


def project(embeddings: np.ndarray, method: str = "umap", seed: int = 0) -> np.ndarray:
    """Project embeddings (N, D) to a plane, (N, 2) float32, by "pca" or "umap" (McInnes et al. 2018, arXiv:1802.03426).

    UMAP of fewer than four points is not defined; those are projected by PCA.
    """
    if method not in METHODS:
        raise ConfigError(f"There is no projection {method!r}; there are {', '.join(METHODS)}.")
    if len(embeddings) < 2:
        raise ConfigError(f"A projection needs at least two lenses; there are {len(embeddings)}.")
    return _kept(method, [embeddings.tobytes(), str(embeddings.shape), str(seed)], lambda: _project(embeddings, method, seed))


def _project(embeddings: np.ndarray, method: str, seed: int) -> np.ndarray:
    if method == "umap" and len(embeddings) > 3:
        from umap import UMAP

        neighbours = min(15, len(embeddings) - 1)
        # A seed makes UMAP repeatable and, with that, single-threaded.
        reducer = UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1, init="pca" if len(embeddings) < 16 else "spectral")
        return reducer.fit_transform(embeddings).astype(np.float32)
    from sklearn.decomposition import PCA

    return PCA(2, random_state=seed).fit_transform(embeddings).astype(np.float32)


def _kept(kind: str, identity: list[str | bytes], compute: Callable[[], np.ndarray]) -> np.ndarray:
    """The array kept for this content, or a fresh one, which is then kept."""
    digest = hashlib.sha256()
    for part in identity:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    path = Path(workspace() / "cache" / kind / f"{digest.hexdigest()}.npy")
    if path.is_file():
        return np.load(path, allow_pickle=False)
    result = compute()
    if read_only():
        return result
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, result, allow_pickle=False)
    return result
