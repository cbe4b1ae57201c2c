"""Whether an image is inside the domain of a network: its measures beside those of held-out lenses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lensmae.evaluation.metrics import unit_scale
from lensmae.evaluation.ood.measures import Views, answer_measures, classifier_views, quality_measures, whitening_measures
from lensmae.evaluation.ood.novelty import Novelty
from lensmae.evaluation.ood.quality import quality_of
from lensmae.evaluation.ood.references import Reference, ReferenceCard
from lensmae.models import Classifier, SuperResolver
from lensmae.models.predictors import LoadedModel

# Nearest training lenses that an answer names.
_NEAREST_NAMED = 6


@dataclass(frozen=True)
class DomainCheck:
    """How an image compares with the training lenses of one network.

    Attributes:
        card: of the reference it is compared with.
        novelty: the measures that decide.
        neighbours: (k,) indices of the nearest training lenses in the reference, the nearest first.
        distances: (k,) their distances.
        embedding: (D,) float32, mean-pooled tokens.
        point: (2,) its first two principal components.
        resized: whether it had to be brought to another size for a network that knows one size only.
    """

    card: ReferenceCard
    novelty: tuple[Novelty, ...]
    neighbours: np.ndarray
    distances: np.ndarray
    embedding: np.ndarray
    point: np.ndarray
    resized: bool = False

    @property
    def in_domain(self) -> bool:
        """Whether every measure lies within its limit."""
        return not self.resized and not any(measure.outside for measure in self.novelty)


def embedding_input(model: LoadedModel, images: np.ndarray) -> np.ndarray:
    """Images (B, H, W) on the scale that a model is asked on: super-resolvers learn from pairs on [0, 1]."""
    if not isinstance(model, SuperResolver):
        return images
    low, span = unit_scale(images)
    return (images - low) / span


def measure(
    model: LoadedModel, reference: Reference, images: np.ndarray, found: Mapping[str, np.ndarray], views: Views | None = None
) -> dict[str, np.ndarray]:
    """All measures (B,) of images (B, S, S): those in `found`, those of the answers and of the principal components.

    Args:
        model: the network.
        reference: of the network: what was measured on its training lenses.
        images: flux (B, S, S) of the network's size.
        found: (B,) each, by name.
        views: what a classifier says of the images.
    """
    measures, domain = dict(found), reference.card.domain
    if not isinstance(model, Classifier):
        measures |= quality_measures(images)
        if domain is not None and domain.risk is not None:
            measures["risk"] = domain.risk.of(measures)
    else:
        measures |= {} if views is None else answer_measures(views)
        measures |= {} if model.whitens else quality_measures(images)
        if model.whitens and domain is not None and domain.peak is not None and reference.component_scale.size:
            measures |= whitening_measures(model, images, reference.component_scale, domain.peak)
        elif model.whitens:
            measures["pca_residual"] = model.pca_residual(images)
        if domain is not None and domain.foreign is not None and views is not None:
            measures["foreign"] = domain.foreign.of(views.embeddings, quality_of(images))
        if domain is not None and domain.risk is not None:
            measures["risk"] = domain.risk.of(measures)
    return measures


def trusted_views(model: Classifier, reference: Reference | None, images: np.ndarray) -> Views:
    """What a classifier says of images (B, S, S), as sure as images with their noise allow, where the reference knows that."""
    views = classifier_views(model, images)
    domain = None if reference is None else reference.card.domain
    if domain is None or domain.temperature is None:
        return views
    return replace(views, temperature=domain.temperature.of(quality_of(images)))


def check_domain(
    model: LoadedModel,
    reference: Reference,
    images: np.ndarray,
    *,
    errors: np.ndarray | None = None,
    views: Views | None = None,
    resized: np.ndarray | None = None,
) -> list[DomainCheck]:
    """Compare images (B, S, S) of the model's size with its training lenses.

    Args:
        model: the network.
        reference: of the network: what was measured on its training lenses.
        images: flux (B, S, S) of the network's size.
        errors: (B,) anomaly scores of an MAE.
        views: what a classifier says of them; asked here where None.
        resized: (B,) bool, images that had to be brought to this size.
    """
    if isinstance(model, Classifier) and views is None and reference.card.domain is not None:
        views = trusted_views(model, reference, images)
    embedded = model.embed(embedding_input(model, images)) if views is None else views.embeddings
    found = {"embedding": reference.space.distances(embedded)} | ({} if errors is None else {"error": errors})
    measures = measure(model, reference, images, found, views)
    decided = [reference.novelty(name, values) for name, values in measures.items() if reference.asks(name)]
    distances, indices = reference.space.nearest(embedded, min(_NEAREST_NAMED, len(reference.embeddings)))
    points = reference.space.project(embedded)
    strict = resized is not None and not model.any_size
    return [
        DomainCheck(
            card=reference.card,
            novelty=tuple(measure[index] for measure in decided),
            neighbours=indices[index],
            distances=distances[index],
            embedding=embedded[index],
            point=points[index],
            resized=bool(strict and resized[index]),
        )
        for index in range(len(images))
    ]
