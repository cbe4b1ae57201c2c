"""What a network makes of the lenses of a data set, kept on disk by content: embeddings, and reconstruction errors."""

from collections.abc import Iterator
from concurrent.futures import Executor
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from lensmae.data import LensDataset, open_dataset
from lensmae.errors import ConfigError
from lensmae.evaluation.array_cache import file_digest, kept, kept_folder, kept_name
from lensmae.evaluation.metrics import masked_mse
from lensmae.evaluation.ood.network_input import check_images, input_identity, network_inputs
from lensmae.models import Reconstructor, SuperResolver, load_checkpoint
from lensmae.models.masking import hidden_from_scores, patch_scores
from lensmae.models.predictors import PATCHES, POOLINGS, LoadedModel
from lensmae.parts import completed
from lensmae.progress import Progress, batches, part_of

_BATCH = 64
# Lenses a file: work that is cancelled is lost for no more than these.
_PART = 512
ERROR_MASK_RATIO = 0.75


def embed_dataset(
    model: LoadedModel,
    dataset: LensDataset,
    indices: np.ndarray,
    progress: Progress | None = None,
    *,
    layer: int | None = None,
    pooling: str = "mean",
    patches: str = "all",
    alone: bool = False,
    executor: Executor | None = None,
) -> np.ndarray:
    """Pooled tokens of an encoder layer for the given rows, (N, D) float32.

    Args:
        model: the network.
        dataset: the data set.
        indices: (N,) int, rows of the data set.
        progress: called with (lenses done, lenses in all).
        layer: 1 to `model.layers`; the last where None.
        pooling: one of `lensmae.models.predictors.POOLINGS`. All are kept at once, so another one costs nothing.
        patches: one of `lensmae.models.predictors.PATCHES`: the brightest half alone takes half the time, of an autoencoder.
        alone: this process computes nothing else meanwhile, so that every core may embed images of its own, which is faster.
        executor: processes that see the same workspace and compute what is not kept yet, a part each (`lensmae.jobs.cluster`).
    """
    if pooling not in POOLINGS:
        raise ConfigError(f"There is no pooling {pooling!r}; there are {', '.join(POOLINGS)}.")
    if not isinstance(model, SuperResolver):
        # A super-resolver pads what its patches do not cover.
        dataset, _ = network_inputs(dataset, model)
        check_images(model, dataset)
    files = list(_embedding_files(model, dataset, indices, _layer(model, layer), _checked(model, patches)))
    if executor is not None:
        _compute_apart(executor, model, dataset, files, (layer, patches), progress)
    which, done, parts = POOLINGS.index(pooling), 0, []
    for rows, file in files:
        some = batches(rows, _BATCH, part_of(progress, done, len(indices)))
        parts.append(kept(file, lambda some=some: _embed(model, dataset, some, (layer, patches), alone))[which])
        done += len(rows)
    return np.concatenate(parts)


def lenses_to_embed(
    model: LoadedModel, dataset: LensDataset, indices: np.ndarray, layer: int | None = None, patches: str = "all"
) -> int:
    """How many of the rows `embed_dataset` would have to compute, because nothing is kept of them.

    Args:
        model: the network.
        dataset: the data set.
        indices: (N,) int, rows of the data set.
        layer: 1 to `model.layers`; the last where None.
        patches: as of `embed_dataset`.
    """
    dataset, _ = network_inputs(dataset, model)
    files = _embedding_files(model, dataset, indices, _layer(model, layer), _checked(model, patches))
    return sum(len(rows) for rows, file in files if not file.is_file())


def reconstruction_errors(
    model: Reconstructor, dataset: LensDataset, indices: np.ndarray, progress: Progress | None = None
) -> np.ndarray:
    """Mean squared error of the hidden pixels of the given rows on the [0, 1] scale, (N,) float32, at mask ratio 0.75; the
    mask of a lens is sampled with its row as seed, so it is the same in every choice of rows.

    Args:
        model: the network.
        dataset: the data set.
        indices: (N,) int, rows of the data set.
        progress: called with (lenses done, lenses in all).
    """
    dataset, _ = network_inputs(dataset, model)
    check_images(model, dataset)
    done, parts = 0, []
    for rows, file in kept_parts("reconstruction-errors", model, dataset, indices, str(ERROR_MASK_RATIO)):
        some = batches(rows, _BATCH, part_of(progress, done, len(indices)))
        parts.append(kept(file, lambda some=some: np.concatenate([_errors(model, dataset, part) for part in some])))
        done += len(rows)
    return np.concatenate(parts)


def errors_to_measure(model: Reconstructor, dataset: LensDataset, indices: np.ndarray) -> int:
    """How many of the rows `reconstruction_errors` would have to compute."""
    dataset, _ = network_inputs(dataset, model)
    files = kept_parts("reconstruction-errors", model, dataset, indices, str(ERROR_MASK_RATIO))
    return sum(len(rows) for rows, file in files if not file.is_file())


def _layer(model: LoadedModel, layer: int | None) -> int:
    if layer is not None and not 1 <= layer <= model.layers:
        raise ConfigError(f"There is no layer {layer}; {model.name} has layers 1 to {model.layers}.")
    return layer or model.layers


def _checked(model: LoadedModel, patches: str) -> str:
    if patches not in PATCHES:
        raise ConfigError(f"There are no patches {patches!r} to embed; there are {', '.join(PATCHES)}.")
    if patches != PATCHES[0] and not model.takes_part:
        raise ConfigError(f"Only an autoencoder can embed the brightest patches alone; {model.name} is a {model.card.kind}.")
    return patches


def _embedding_files(
    model: LoadedModel, dataset: LensDataset, indices: np.ndarray, layer: int, patches: str
) -> Iterator[tuple[np.ndarray, Path]]:
    how = [str(layer), *(["bfloat16"] if model.rounds else []), *([] if patches == PATCHES[0] else [patches])]
    return kept_parts("embeddings", model, dataset, indices, " ".join(how))


def kept_parts(
    kind: str, model: LoadedModel, dataset: LensDataset, indices: np.ndarray, setting: str
) -> Iterator[tuple[np.ndarray, Path]]:
    """The rows, a few hundred at a time, each with the file that keeps what was computed of them.

    Args:
        kind: of what is kept.
        model: the network.
        dataset: as the network is asked.
        indices: (N,) int, rows of the data set.
        setting: what else the result depends on.
    """
    # Nothing is added for images as they are, so that what was kept of them stays.
    brought = [identity] if (identity := input_identity(dataset)) else []
    content = [file_digest(model.path), dataset.info.fingerprint, setting, *brought]
    # Once for all: finding the workspace takes longer than a name, and 90,000 lenses are 176 files.
    folder = kept_folder(kind)
    for start in range(0, len(indices), _PART):
        rows = np.asarray(indices[start : start + _PART], dtype=np.int64)
        yield rows, folder / kept_name([*content, rows.tobytes()])


def _compute_apart(
    executor: Executor,
    model: LoadedModel,
    dataset: LensDataset,
    files: list[tuple[np.ndarray, Path]],
    how: tuple[int | None, str],
    progress: Progress | None,
) -> None:
    """Have other processes compute the parts that are missing; each writes its own file, so that nothing is computed twice."""
    missing = [(rows, file) for rows, file in files if not file.is_file()]
    total, done = sum(len(rows) for rows, _ in files), sum(len(rows) for rows, file in files if file.is_file())
    where = str(model.path.absolute()), str(dataset.path.absolute())
    calls = [(*where, rows, how, str(file)) for rows, file in missing]
    for index, _ in completed(executor, embed_part, calls):
        done += len(missing[index][0])
        if progress is not None:
            progress(done, total)


def embed_part(checkpoint: str, data: str, rows: np.ndarray, how: tuple[int | None, str], file: str) -> None:
    """Embed some rows of a data set, as a process of a cluster is asked to.

    Args:
        checkpoint: path of the checkpoint file.
        data: folder of the data set.
        rows: (N,) int64.
        how: layer and patches, as `embed_dataset` takes them.
        file: where the embeddings (3, N, D) are kept, written whole or not at all.
    """
    model, dataset = _opened(checkpoint, data)
    kept(Path(file), lambda: _embed(model, dataset, batches(rows, _BATCH, None), how, alone=False))


@lru_cache(maxsize=2)
def _opened(checkpoint: str, data: str) -> tuple[LoadedModel, LensDataset]:
    model = load_checkpoint(checkpoint)
    return model, network_inputs(open_dataset(data), model)[0]


def _embed(
    model: LoadedModel, dataset: LensDataset, batches: Iterator[np.ndarray], how: tuple[int | None, str], alone: bool
) -> np.ndarray:
    pooled = partial(model.pooled_thread_a_core if alone else model.pooled, layer=how[0], patches=how[1], rounded=True)
    return np.concatenate([pooled(np.asarray(dataset.images[rows])) for rows in batches], axis=1)


def _errors(model: Reconstructor, dataset: LensDataset, rows: np.ndarray) -> np.ndarray:
    images = np.asarray(dataset.images[rows])
    grid = images.shape[1] // model.patch_size, images.shape[2] // model.patch_size
    scores = patch_scores(rows.tolist(), grid[0] * grid[1])
    hidden = hidden_from_scores(scores, ERROR_MASK_RATIO).numpy().reshape(len(rows), *grid)
    drawn = model.predict(images, hidden=hidden)
    return masked_mse(images, drawn.prediction, drawn.mask).astype(np.float32)
