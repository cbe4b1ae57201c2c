"""What the networks say of image files: one pipeline for the Analyse page and `lensmae predict`, a few files at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import torch

from lensmae.data import LensImage, fit_image
from lensmae.data.symmetry import D4_ORDER, apply_d4
from lensmae.errors import ImageReadError
from lensmae.evaluation.ood.fit_reference import embedding_input
from lensmae.evaluation.ood.novelty import Novelty
from lensmae.evaluation.ood.references import Reference, ReferenceCard
from lensmae.evaluation.reconstruction.full_reconstruction import redraw
from lensmae.models import Classifier, Reconstructor, SuperResolver
from lensmae.models.predictors import LoadedModel

BATCH = 16
NEIGHBOURS = 6


@dataclass(frozen=True)
class Networks:
    """Loaded checkpoints, one a kind at most, and by kind what is usual for them; what is missing is not asked."""

    classifier: Classifier | None = None
    mae: Reconstructor | None = None
    superres: SuperResolver | None = None
    references: Mapping[str, Reference] = field(default_factory=dict)

    def loaded(self) -> dict[str, LoadedModel]:
        """The networks there are, by kind."""
        found = {"classifier": self.classifier, "mae": self.mae, "superres": self.superres}
        return {kind: model for kind, model in found.items() if model is not None}


@dataclass(frozen=True)
class Source:
    """A file by its name, read only when its turn comes: many large ones must not lie in memory at once."""

    name: str
    read: Callable[[], LensImage]


@dataclass(frozen=True)
class Refusal:
    """A file that could not be read, and why, in a full sentence that begins with its name."""

    name: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """Where an image lies among the training lenses of one network.

    Attributes:
        card: of the reference it is compared with.
        novelty: its distance; for an MAE its reconstruction error; for a classifier that whitens, what the components leave.
        neighbours: (k,) places of the nearest training lenses in the reference, the nearest first.
        distances: (k,) their distances.
        embedding: (D,) float32, mean-pooled tokens.
        point: (2,) its place in the plane of the first two principal components.
    """

    card: ReferenceCard
    novelty: tuple[Novelty, ...]
    neighbours: np.ndarray
    distances: np.ndarray
    embedding: np.ndarray
    point: np.ndarray

    @property
    def outside(self) -> bool:
        """Whether a measure lies beyond its limit."""
        return any(measure.outside for measure in self.novelty)


@dataclass(frozen=True)
class Classified:
    """Class probabilities (K,), the mean over the eight symmetries where the network learnt them, and what they spread.

    Attributes:
        spread: (K,) standard deviation over the symmetries; None for a network that knows one orientation.
        log_mass: log10(axion mass / eV) where the network has such a head; its own spread beside it.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    spread: np.ndarray | None
    log_mass: float | None
    log_mass_spread: float | None

    @property
    def name(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]


@dataclass(frozen=True)
class RedrawnLens:
    """An image as the MAE drew it, every pixel from its surroundings only: `Redrawn` of one image.

    Attributes:
        prediction, error: (S, S) float32.
        score: the anomaly score, masked-patch MSE averaged over masks, the image on [0, 1].
    """

    prediction: np.ndarray
    error: np.ndarray
    score: float


@dataclass(frozen=True)
class Analysis:
    """Everything that the networks say of one file.

    Attributes:
        shape, pixel_scale, notes: of the image as read.
        fitted: by kind of network, the image that it was shown, with all that was done to it in its notes.
        classified: None without a classifier, and for an image whose pixels are all equal: any class of it would be made up.
        standing: by kind of network, where it has a reference.
    """

    name: str
    format: str
    shape: tuple[int, int]
    pixel_scale: float | None
    notes: tuple[str, ...]
    fitted: Mapping[str, LensImage]
    classified: Classified | None
    redrawn: RedrawnLens | None
    standing: Mapping[str, Standing]

    @property
    def outside(self) -> bool | None:
        """Whether it lies outside what any of the networks learnt from; None where nothing is known."""
        return any(one.outside for one in self.standing.values()) if self.standing else None

    @property
    def outside_of(self) -> tuple[str, ...]:
        """The checkpoints whose training lenses it is unlike."""
        return tuple(one.card.checkpoint for one in self.standing.values() if one.outside)

    @property
    def tells_mass(self) -> bool:
        """Whether the axion mass means something: its class is axion, and it is not outside what the classifier knows."""
        found, standing = self.classified, self.standing.get("classifier")
        called = found is not None and found.log_mass is not None and found.name == "axion"
        return called and (standing is None or not standing.outside)


@dataclass(frozen=True)
class _Prepared:
    """What was read of a file, and its image as each kind of network takes it; the large one need not stay."""

    name: str
    format: str
    shape: tuple[int, int]
    pixel_scale: float | None
    notes: tuple[str, ...]
    fitted: Mapping[str, LensImage]


def analyse_files(
    sources: Iterable[Source], networks: Networks, progress: Callable[[int], None] | None = None
) -> Iterator[Analysis | Refusal]:
    """Answers for files, in their order, as they come; a file that cannot be read is refused and never spoils the rest.

    Args:
        progress: called with the number of files done.
    """
    waiting, done = iter(sources), 0
    while batch := list(islice(waiting, BATCH)):
        read = [_read(source, networks) for source in batch]
        answers = iter(_analyse([one for one in read if isinstance(one, _Prepared)], networks))
        for one in read:
            yield next(answers) if isinstance(one, _Prepared) else one
        done += len(batch)
        if progress is not None:
            progress(done)


def analyse_images(images: list[LensImage], networks: Networks) -> list[Analysis]:
    """Answers for images that are read already."""
    return _analyse([_prepare(image, networks) for image in images], networks)


def _read(source: Source, networks: Networks) -> "_Prepared | Refusal":
    try:
        return _prepare(source.read(), networks)
    except ImageReadError as problem:
        return Refusal(source.name, str(problem))


def _prepare(image: LensImage, networks: Networks) -> _Prepared:
    wanted = {kind: (_size(kind, model, networks), _scale(kind, networks)) for kind, model in networks.loaded().items()}
    small = {one: fit_image(image, *one) for one in set(wanted.values())}
    fitted = {kind: small[one] for kind, one in wanted.items()}
    return _Prepared(image.name, image.format, image.pixels.shape, image.pixel_scale, image.notes, fitted)


def _scale(kind: str, networks: Networks) -> float | None:
    """Arcsec a pixel of the images that a network learnt from, where that is known."""
    return networks.references[kind].card.pixel_scale if kind in networks.references else None


def _size(kind: str, model: LoadedModel, networks: Networks) -> int:
    """Side of the image that a network is asked with; what it was calibrated with, where it takes any size."""
    reference = networks.references.get(kind)
    return reference.card.size if reference is not None and model.any_size else model.image_size


def _analyse(prepared: list[_Prepared], networks: Networks) -> list[Analysis]:
    if not prepared:
        return []
    count = len(prepared)
    stacks = {kind: np.stack([one.fitted[kind].pixels for one in prepared]) for kind in networks.loaded()}
    classified = _told(networks.classifier, stacks["classifier"]) if networks.classifier else [None] * count
    redrawn = _redraw(networks.mae, stacks["mae"]) if networks.mae else [None] * count
    standings = {
        kind: stand(model, networks.references[kind], stacks[kind], redrawn if kind == "mae" else None)
        for kind, model in networks.loaded().items()
        if kind in networks.references
    }
    return [
        Analysis(
            name=one.name,
            format=one.format,
            shape=one.shape,
            pixel_scale=one.pixel_scale,
            notes=one.notes,
            fitted=one.fitted,
            classified=classified[place],
            redrawn=redrawn[place],
            standing={kind: found[place] for kind, found in standings.items()},
        )
        for place, one in enumerate(prepared)
    ]


def _told(model: Classifier, images: np.ndarray) -> list[Classified | None]:
    shows = np.ptp(images, axis=(1, 2)) > 0
    return [one if seen else None for one, seen in zip(_classify(model, images), shows, strict=True)]


def _classify(model: Classifier, images: np.ndarray) -> list[Classified]:
    symmetric = model.card.symmetric
    turned = [_turn(images, element) for element in range(D4_ORDER if symmetric else 1)]
    each = np.stack([model.predict(one, d4=False) for one in turned])
    masses = np.stack([model.log_mass(one) for one in turned]) if model.tells_mass else None
    return [
        Classified(
            classes=model.classes,
            probabilities=each[:, place].mean(axis=0),
            spread=each[:, place].std(axis=0) if symmetric else None,
            log_mass=None if masses is None else float(masses[:, place].mean()),
            log_mass_spread=float(masses[:, place].std()) if masses is not None and symmetric else None,
        )
        for place in range(len(images))
    ]


def _turn(images: np.ndarray, element: int) -> np.ndarray:
    return apply_d4(torch.from_numpy(images), element).numpy()


def _redraw(model: Reconstructor, images: np.ndarray) -> list[RedrawnLens]:
    drawn = redraw(model, images)
    return [RedrawnLens(*one) for one in zip(drawn.prediction, drawn.error, drawn.score.tolist(), strict=True)]


def stand(
    model: LoadedModel, reference: Reference, images: np.ndarray, redrawn: list[RedrawnLens] | None = None
) -> list[Standing]:
    """Where images (B, S, S) of the model's size lie among its training lenses; with the reconstruction error where `redrawn`."""
    embedded = model.embed(embedding_input(model, images))
    measures = [reference.distance_novelty(embedded)]
    if redrawn and reference.errors.size:
        measures.append(reference.error_novelty(np.array([one.score for one in redrawn])))
    if isinstance(model, Classifier) and reference.remainders.size:
        measures.append(reference.remainder_novelty(model.remainder(images)))
    distances, places = reference.space.nearest(embedded, min(NEIGHBOURS, len(reference.embeddings)))
    points = reference.space.plane(embedded)
    return [
        Standing(
            card=reference.card,
            novelty=tuple(measure[place] for measure in measures),
            neighbours=places[place],
            distances=distances[place],
            embedding=embedded[place],
            point=points[place],
        )
        for place in range(len(images))
    ]
