"""The class of an image: which classifier answers for it, the specialist or the generalist, and whether the answer is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from lensmae.data.symmetry import D4_ORDER, apply_d4
from lensmae.evaluation.ood.domain import DomainCheck, check_domain, trusted_views
from lensmae.evaluation.ood.measures import Views
from lensmae.evaluation.ood.quality import quality_of
from lensmae.evaluation.ood.references import Reference
from lensmae.models import Classifier

# A generalist that is so sure of another class is heard: the specialist then does not answer.
_CONTRADICTS = 0.9


@dataclass(frozen=True)
class Classified:
    """Class probabilities (K,), the mean over the eight symmetries where the network learned them, and what they spread.

    Attributes:
        spread: (K,) standard deviation over the symmetries; None for a network that knows one orientation.
        log_mass: log10(axion mass / eV) where the network has such a head; its own spread beside it.
        checkpoint: the network that answered.
        check: the image beside the training lenses of that network; None where nothing is known of them.
        noise: estimated rms of its pixels over its peak.
        width: FWHM in pixels over which its light is spread (`lensmae.evaluation.ood.quality`).
        expected: how often that network is right about simulated lenses as noisy and as sharp, in a sentence.
        declined: the same of a specialist that was asked first and is not trusted with this image.
        contradicted: whether that is because the generalist is sure of another class.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    spread: np.ndarray | None
    log_mass: float | None
    log_mass_spread: float | None
    checkpoint: str = ""
    check: DomainCheck | None = None
    declined: DomainCheck | None = None
    noise: float | None = None
    width: float | None = None
    expected: str | None = None
    contradicted: bool = False

    @property
    def name(self) -> str:
        """The most probable class, whether the network is trusted or not."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def withheld(self) -> bool:
        """Whether the image is out of the network's domain, so that the class is withheld."""
        return self.check is not None and not self.check.in_domain

    @property
    def called(self) -> str | None:
        """The class that is answered; None where it is withheld."""
        return None if self.withheld else self.name

    @property
    def tells_mass(self) -> bool:
        """Whether the axion mass means something: the class answered is axion."""
        return self.log_mass is not None and self.called == "axion"


def classify(model: Classifier, reference: Reference | None, images: np.ndarray, resized: np.ndarray) -> list[Classified]:
    """What one classifier says of images (B, S, S); `resized` (B,) tells those that were brought to this size.

    Args:
        model: the classifier.
        reference: of the network; None where there is none.
        images: flux (B, S, S) of the network's size.
        resized: (B,) bool.
    """
    views = trusted_views(model, reference, images)
    expected = None if reference is None or reference.card.domain is None else reference.card.domain.expectation
    quality = quality_of(images)
    checks: Sequence[DomainCheck | None] = [None] * len(images)
    if reference is not None:
        checks = check_domain(model, reference, images, views=views, resized=resized)
    masses = _masses(model, images, views)
    return [
        Classified(
            classes=model.classes,
            probabilities=views.probabilities[index],
            spread=None if views.spread is None else views.spread[index],
            log_mass=None if masses is None else float(masses[:, index].mean()),
            log_mass_spread=float(masses[:, index].std()) if masses is not None and len(masses) > 1 else None,
            checkpoint=model.name,
            check=checks[index],
            noise=float(quality.noise[index]),
            width=float(quality.width[index]),
            expected=None if expected is None else expected.sentence(float(quality.noise[index]), float(quality.width[index])),
        )
        for index in range(len(images))
    ]


def _masses(model: Classifier, images: np.ndarray, views: Views) -> np.ndarray | None:
    """log10(axion mass / eV), (V, B), under every view."""
    if not model.tells_mass:
        return None
    flux = torch.from_numpy(np.ascontiguousarray(images))
    turned = [apply_d4(flux, element).numpy() for element in range(D4_ORDER if len(views.each) > 1 else 1)]
    return np.stack([model.log_mass(one) for one in turned])


def choose(specialist: Classified, generalist: Classified) -> Classified:
    """The answer of the specialist inside its domain, unless the generalist, trusted too, is sure of another class; else the
    generalist's."""
    other = generalist.called is not None and generalist.called != specialist.name
    contradicted = other and float(generalist.probabilities.max()) >= _CONTRADICTS
    if specialist.called is not None and not contradicted:
        return specialist
    return replace(generalist, declined=specialist.check, contradicted=specialist.called is not None)
