"""What the networks say of image files: one pipeline for the Analyse page and `lensmae predict`, a few files at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from lensmae.data import LensImage, fit_image
from lensmae.data.images.cosmic_rays import with_warning
from lensmae.data.images.fitting import Crop
from lensmae.data.images.lens_image import Facts, frame_of, framed
from lensmae.data.withheld import CANNOT_TELL
from lensmae.errors import ImageReadError
from lensmae.evaluation.images.classified import Classified, choose, classify
from lensmae.evaluation.ood.domain import DomainCheck, check_domain
from lensmae.evaluation.ood.network_input import trained_form
from lensmae.evaluation.ood.references import Reference
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.models import Classifier, Reconstructor, SuperResolver
from lensmae.models.predictors import LoadedModel

BATCH = 16
# The answers of an analysis; a specialist is a second classifier.
NETWORK_KINDS = ("classifier", "mae", "superres")
_SPECIALIST = "specialist"


@dataclass(frozen=True)
class Networks:
    """Loaded checkpoints, one a kind at most, and by kind the reference of each; what is missing is not asked.

    Attributes:
        references: by kind; that of the specialist under "specialist".
        specialist: a classifier that is asked first, and answers inside its own domain only; it needs a reference.
    """

    classifier: Classifier | None = None
    mae: Reconstructor | None = None
    superres: SuperResolver | None = None
    references: Mapping[str, Reference] = field(default_factory=dict)
    specialist: Classifier | None = None

    def loaded(self) -> dict[str, LoadedModel]:
        """The networks there are, by kind."""
        return {kind: model for kind in (*NETWORK_KINDS, _SPECIALIST) if (model := getattr(self, kind)) is not None}

    def reference_of(self, check: DomainCheck) -> Reference:
        """The reference that an image was compared with."""
        return next(one for one in self.references.values() if one.card == check.card)


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
class LensReconstruction:
    """An image reconstructed by the MAE, every pixel from its surroundings only: `FullReconstruction` of one image.

    Attributes:
        prediction, error: (S, S) float32.
        score: the anomaly score, masked-patch MSE averaged over masks, the image on [0, 1].
    """

    prediction: np.ndarray
    error: np.ndarray
    score: float


@dataclass(frozen=True)
class Prepared:
    """What was read of a file, and its image as each kind of network takes it; the large one need not stay.

    Attributes:
        name, format: of the file.
        shape, pixel_scale, notes: of the image as read: (H, W) pixels, arcsec/pixel, full sentences.
        fitted: by kind of network, the image that it was shown, with all that was done to it in its notes.
        facts: what the file says of it beside the pixels.
        framing: how the lens was found and cut out of a larger field, in full sentences; each is in the notes of `fitted` too.
        frame: the square of the image as read that the first network was shown; None where it was shown the whole image.
    """

    name: str
    format: str
    shape: tuple[int, int]
    pixel_scale: float | None
    notes: tuple[str, ...]
    fitted: Mapping[str, LensImage]
    facts: Facts
    framing: tuple[str, ...]
    frame: Crop | None


@dataclass(frozen=True)
class Analysis(Prepared):
    """Everything that the networks say of one file.

    Attributes:
        classified: None without a classifier, and for an image whose pixels are all equal: any class of it would be made up.
        checks: by kind of network, the image beside the training lenses of the one that answered, where it has a reference.
    """

    classified: Classified | None
    reconstruction: LensReconstruction | None
    checks: Mapping[str, DomainCheck]

    @property
    def in_domain(self) -> dict[str, bool | None]:
        """By kind of network, whether the image is in the domain of the one that answered; None where that is not known."""
        return {kind: self.checks[kind].in_domain if kind in self.checks else None for kind in NETWORK_KINDS}

    @property
    def called(self) -> str | None:
        """The class that is answered; None without one, and where it is withheld."""
        return None if self.classified is None else self.classified.called

    def _repr_html_(self) -> str:
        """As a notebook shows it: the class or why it is withheld, and the domain of each network."""
        from lensmae.data.notebook import facts_html

        words = {True: "in domain", False: "out of distribution", None: None}
        facts: dict[str, str | None] = {kind: words[inside] for kind, inside in self.in_domain.items()}
        if self.classified is not None:
            named = zip(self.classified.classes, self.classified.probabilities, strict=True)
            chances = ", ".join(f"{name} {value:.3f}" for name, value in named)
            facts = {"class": self.called or CANNOT_TELL, "probabilities": chances, **facts}
        if self.reconstruction is not None:
            facts["masked MSE"] = f"{self.reconstruction.score:.3g}"
        return facts_html(self.name, facts, (*self.notes, *self.framing))


def analyse_files(
    sources: Iterable[Source], networks: Networks, progress: Callable[[int], None] | None = None
) -> Iterator[Analysis | Refusal]:
    """Answers for files, in their order, as they come; a file that cannot be read is refused and never spoils the rest.

    The first file is answered alone, the next two together, then four, and so on up to `BATCH`: who waits sees an answer soon,
    and many files are answered at the speed of batches.

    Args:
        sources: files, or names and contents.
        networks: who answers.
        progress: called with the number of files done.
    """
    waiting, done = iter(sources), 0
    while batch := list(islice(waiting, min(done + 1, BATCH))):
        read = [_read(source, networks) for source in batch]
        answers = iter(_analyse([one for one in read if isinstance(one, Prepared)], networks))
        for one in read:
            yield next(answers) if isinstance(one, Prepared) else one
        done += len(batch)
        if progress is not None:
            progress(done)


def analyse_images(images: list[LensImage], networks: Networks) -> list[Analysis]:
    """Answers for images that are read already."""
    return _analyse([_prepare(image, networks) for image in images], networks)


def _read(source: Source, networks: Networks) -> "Prepared | Refusal":
    try:
        return _prepare(source.read(), networks)
    except ImageReadError as problem:
        return Refusal(source.name, str(problem))


def _prepare(image: LensImage, networks: Networks) -> Prepared:
    image = with_warning(image)
    wanted = {kind: trained_form(model, networks.references.get(kind)) for kind, model in networks.loaded().items()}
    small = {form: fit_image(image, form.size, form.pixel_scale) for form in set(wanted.values())}
    fitted = {kind: small[one] for kind, one in wanted.items()}
    begin = len(image.notes)
    sizes = [(form.size, form.pixel_scale) for form in wanted.values()]
    framing = _by_network({kind: framed(image, form.size, form.pixel_scale).notes[begin:] for kind, form in wanted.items()})
    shape, scale = image.pixels.shape, image.pixel_scale
    frame = next((frame_of(image, *one) for one in sizes), None)
    return Prepared(image.name, image.format, shape, scale, image.notes, fitted, Facts.of(image), framing, frame)


def _by_network(notes: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Notes of what networks are given, each once; where they differ, with the networks that it is of."""
    of: dict[str, list[str]] = {}
    for kind, several in notes.items():
        for note in several:
            of.setdefault(note, []).append(kind)
    differ = len({tuple(several) for several in notes.values()}) > 1
    return tuple(f"Input of {' and '.join(kinds)}: {note}" if differ else note for note, kinds in of.items())


def _analyse(prepared: list[Prepared], networks: Networks) -> list[Analysis]:
    if not prepared:
        return []
    stacks = {kind: np.stack([one.fitted[kind].pixels for one in prepared]) for kind in networks.loaded()}
    classified = _classified(networks, stacks, prepared)
    shows = np.ptp(next(iter(stacks.values())), axis=(1, 2)) > 0 if stacks else np.zeros(len(prepared), bool)
    reconstructed = _reconstruct(networks.mae, stacks["mae"]) if networks.mae else [None] * len(prepared)
    checks = {
        kind: check_domain(
            getattr(networks, kind),
            networks.references[kind],
            stacks[kind],
            errors=np.array([one.score for one in reconstructed]) if kind == "mae" else None,
            resized=_resized(prepared, kind),
        )
        for kind in ("mae", "superres")
        if kind in stacks and kind in networks.references
    }
    found = []
    for index, one in enumerate(prepared):
        answer = classified[index]
        own = {"classifier": answer.check} if answer is not None and answer.check is not None else {}
        found.append(
            Analysis(
                **vars(one),
                classified=answer if shows[index] else None,
                reconstruction=reconstructed[index],
                checks=own | {kind: checked[index] for kind, checked in checks.items()},
            )
        )
    return found


def _classified(networks: Networks, stacks: Mapping[str, np.ndarray], prepared: list[Prepared]) -> list[Classified | None]:
    """The answer of the specialist where it is trusted, else of the classifier."""
    asked = {
        kind: classify(model, networks.references.get(kind), stacks[kind], _resized(prepared, kind))
        for kind in (_SPECIALIST, "classifier")
        if (model := getattr(networks, kind)) is not None
    }
    if not asked:
        return [None] * len(prepared)
    both = len(asked) == 2
    return list(map(choose, asked[_SPECIALIST], asked["classifier"])) if both else next(iter(asked.values()))


def _resized(prepared: list[Prepared], kind: str) -> np.ndarray:
    return np.array([one.shape != one.fitted[kind].pixels.shape for one in prepared])


def _reconstruct(model: Reconstructor, images: np.ndarray) -> list[LensReconstruction]:
    drawn = reconstruct(model, images)
    return [LensReconstruction(*one) for one in zip(drawn.prediction, drawn.error, drawn.score.tolist(), strict=True)]
