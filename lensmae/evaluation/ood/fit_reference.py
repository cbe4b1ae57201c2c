"""Fit the reference of a checkpoint: embeddings of training lenses, distances and errors of held-out ones."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from skimage.transform import resize_local_mean

from lensmae.data import LensDataset
from lensmae.data.symmetry import D4_ORDER, apply_d4
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import unit_scale
from lensmae.evaluation.ood.domain import embedding_input
from lensmae.evaluation.ood.network_input import check_images, network_inputs
from lensmae.evaluation.ood.novelty import EmbeddingSpace
from lensmae.evaluation.ood.references import THUMBNAIL, Reference, ReferenceCard, content_digest
from lensmae.evaluation.reconstruction.anomaly import trained_on
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.models import Classifier, Reconstructor, SuperResolver
from lensmae.models.predictors import LoadedModel
from lensmae.progress import Progress, part_of

_BATCH = 50
_LEAST_REFERENCE, _LEAST_HELD_OUT = 10, 5


def fit_reference(
    model: LoadedModel,
    dataset: LensDataset,
    reference: int = 2000,
    held_out: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Reference:
    """The reference of a model.

    Args:
        model: the network.
        dataset: with training and validation lenses, best the set that the model was trained on.
        reference, held_out: so many training and validation lenses at most, chosen by `seed`.
        seed: of the choice of lenses.
        progress: called with (lenses done, lenses in all).

    Raises:
        DatasetError: where the images do not fit the model, or are too few.
    """
    if isinstance(model, SuperResolver):
        if dataset.targets is None:
            raise DatasetError(f"Data set {dataset.name} has no HR targets; {model.name} was trained on LR/HR pairs.")
    else:
        dataset, _ = network_inputs(dataset, model)
        check_images(model, dataset)
    height, width = dataset.images.shape[1:]
    if height != width:
        raise DatasetError(f"Data set {dataset.name} has {height}x{width} images; square ones are needed.")
    rng = np.random.default_rng(seed)
    train = _some(rng, _trained_rows(model, dataset, "train"), reference)
    validation = _some(rng, _trained_rows(model, dataset, "validation"), held_out)
    if len(train) < _LEAST_REFERENCE or len(validation) < _LEAST_HELD_OUT:
        raise DatasetError(
            f"Data set {dataset.name} has {len(train)} training and {len(validation)} validation lenses; at least "
            f"{_LEAST_REFERENCE} and {_LEAST_HELD_OUT} are needed to fit a reference."
        )
    turns = [rng.integers(D4_ORDER if model.card.symmetric else 1, size=len(rows)) for rows in (train, validation)]
    card, labels = _card(model, dataset), dataset.labels[train]
    return _reference(model, card, dataset.images, (train, validation), turns, labels, progress)


def fit_reference_on(
    model: LoadedModel, card: ReferenceCard, images: np.ndarray, labels: np.ndarray, known: int, progress: Progress | None = None
) -> Reference:
    """The reference of a model from lenses that are in no data set, measured as they are, not turned.

    Args:
        model: any checkpoint.
        card: of the reference.
        images: (N, S, S) flux.
        labels: (N,) int, indices in the card's classes.
        known: so many of the first are what new images are compared with; the rest is held out.
        progress: called with (lenses done, lenses in all).
    """
    parts = (np.arange(known), np.arange(known, len(images)))
    turns = [np.zeros(len(part), np.uint8) for part in parts]
    return _reference(model, card, images, parts, turns, labels[:known], progress)


def thinned(reference: Reference, count: int, seed: int = 0) -> Reference:
    """A reference with `count` of its training lenses at most, so that its file is small; as it is where it has no more.

    How far lenses lie from the nearest depends on how many there are, so the distances are measured anew, of lenses that are left
    out: they were held out as the others were, in number no more than those.
    """
    total, held_out = len(reference.embeddings), len(reference.distances)
    if total <= count:
        return reference
    order = np.random.default_rng(seed).permutation(total)
    kept, left = np.sort(order[:count]), np.sort(order[count:][:held_out])
    chosen = {name: getattr(reference, name)[kept] for name in ("embeddings", "rows", "turns", "labels", "thumbnails")}
    measured = len(left)
    distances = EmbeddingSpace(chosen["embeddings"]).distances(reference.embeddings[left]).astype(np.float32)
    others = {name: getattr(reference, name)[:measured] for name in ("errors", "pca_residuals")}
    return replace(reference, **chosen, distances=distances, **others)


def _reference(
    model: LoadedModel,
    card: ReferenceCard,
    images: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray],
    turns: list[np.ndarray],
    labels: np.ndarray,
    progress: Progress | None,
) -> Reference:
    train, validation = parts
    total = len(train) + len(validation)
    known, *_, thumbnails = _measure(model, images, train, turns[0], False, part_of(progress, 0, total))
    known = known.astype(np.float16)
    held, errors, residuals, _ = _measure(model, images, validation, turns[1], True, part_of(progress, len(train), total))
    return Reference(
        card=card,
        embeddings=known,
        rows=train.astype(np.int32),
        turns=turns[0].astype(np.uint8),
        labels=labels.astype(np.uint8),
        thumbnails=thumbnails,
        distances=EmbeddingSpace(known).distances(held).astype(np.float32),
        errors=errors,
        pca_residuals=residuals,
    )


def _trained_rows(model: LoadedModel, dataset: LensDataset, split: str) -> np.ndarray:
    """Rows of a split of the classes that the model was trained on; no others are a reference for it."""
    rows, trained = dataset.indices(split), trained_on(model.card).classes
    known = [at for at, name in enumerate(dataset.info.classes) if name in trained]
    return rows[np.isin(dataset.labels[rows], known)] if known else rows


def _some(rng: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:most])


def _card(model: LoadedModel, dataset: LensDataset) -> ReferenceCard:
    info = dataset.info
    return ReferenceCard(
        checkpoint=model.name,
        kind=model.card.kind,
        sha256=content_digest(model.path),
        data=info.name,
        fingerprint=info.fingerprint,
        preset=info.preset,
        pixel_scale=info.pixel_scale,
        size=dataset.images.shape[1],
        classes=info.classes,
        trained_on=model.card.data.get("fingerprint") == info.fingerprint,
    )


def _measure(
    model: LoadedModel, source: np.ndarray, rows: np.ndarray, turns: np.ndarray, scored: bool, progress: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings (N, D) of turned lenses; anomaly scores and PCA residuals (N,) each, where `scored` and the network has them;
    thumbnails (N, T, T)."""
    embedded, scores, residuals, thumbnails = [], [], [], []
    for start in range(0, len(rows), _BATCH):
        images = _turned(np.asarray(source[rows[start : start + _BATCH]]), turns[start : start + _BATCH])
        embedded.append(model.embed(embedding_input(model, images)))
        if scored and isinstance(model, Reconstructor):
            scores.append(reconstruct(model, images).score)
        if scored and isinstance(model, Classifier) and model.whitens:
            residuals.append(model.pca_residual(images))
        thumbnails.append(_thumbnails(images))
        progress(min(start + _BATCH, len(rows)))
    some = [np.concatenate(found or [np.empty(0)]).astype(np.float32) for found in (scores, residuals)]
    return np.concatenate(embedded), *some, np.concatenate(thumbnails)


def _turned(images: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Every image (B, H, W) under its own symmetry."""
    flux = torch.from_numpy(np.array(images))
    return torch.stack([apply_d4(image, int(turn)) for image, turn in zip(flux, turns, strict=True)]).numpy()


def _thumbnails(images: np.ndarray) -> np.ndarray:
    low, span = unit_scale(images)
    small = np.stack([resize_local_mean(image, (THUMBNAIL, THUMBNAIL)) for image in (images - low) / span])
    return np.round(255 * np.sqrt(np.clip(small, 0, 1))).astype(np.uint8)
