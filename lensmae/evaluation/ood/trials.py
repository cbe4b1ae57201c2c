"""What a classifier says of held-out lenses as they are and under every nuisance: what limits and tables are fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from lensmae.data.nuisances import NUISANCES, perturb
from lensmae.evaluation.ood.domain import measure
from lensmae.evaluation.ood.expectation import noise_share
from lensmae.evaluation.ood.measures import Views, classifier_views
from lensmae.evaluation.ood.references import Reference
from lensmae.models import Classifier
from lensmae.progress import Progress

AS_SIMULATED = "as simulated"
_BATCH = 32
# Noise is what most files differ by, and what expectations are told by.
_OFTEN = 3
# A probability from which on an answer is given with confidence.
CONFIDENT = 0.9


@dataclass(frozen=True)
class Trials:
    """N answers.

    Attributes:
        views: what the network said.
        measures: by name, (N,) each.
        labels: (N,) int, places in the network's classes.
        noise: (N,) `noise_share` of the images.
        nuisance: (N,) str, what was done to the lens.
        strength: (N,) of it.
        lens: (N,) which of the lenses it is.
        foreign: (N,) bool, whether it is of a preset that the network was not trained on; its label is -1 where it has no class.
    """

    views: Views
    measures: Mapping[str, np.ndarray]
    labels: np.ndarray
    noise: np.ndarray
    nuisance: np.ndarray
    strength: np.ndarray
    lens: np.ndarray
    foreign: np.ndarray

    @property
    def wrong(self) -> np.ndarray:
        """Whether the most probable class is another than the true one, (N,) bool."""
        return self.views.probabilities.argmax(axis=1) != self.labels

    @property
    def plain(self) -> np.ndarray:
        """Whether nothing was done to the lens, (N,) bool."""
        return self.nuisance == AS_SIMULATED


def run_trials(
    model: Classifier,
    reference: Reference,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    each: int,
    foreign: Mapping[str, tuple[np.ndarray, np.ndarray]] = MappingProxyType({}),
    seed: int = 0,
    progress: Progress | None = None,
) -> Trials:
    """Ask a classifier for lenses (N, S, S) of labels (N,) as they are, and for `each` of them under every nuisance, whose
    strengths are dealt out evenly.

    Args:
        model: that is asked.
        reference: that its measures are taken with.
        images, labels: lenses in its domain, and their places in its classes.
        each: lenses a nuisance.
        foreign: by preset, images and labels out of its domain; -1 for what has no class.
        seed: of which lenses meet which nuisance, and how.
        progress: called with (images done, images in all).
    """
    rng = np.random.default_rng(seed)
    inside = len(images)
    images = np.concatenate([images, *(stack for stack, _ in foreign.values())])
    labels = np.concatenate([labels, *(places for _, places in foreign.values())])
    parts = [(AS_SIMULATED, 0.0, np.arange(inside))]
    for name, nuisance in NUISANCES.items():
        chosen = rng.permutation(inside)[: _OFTEN * each if name == "noise" else each]
        parts += [(name, strength, chosen[at :: len(nuisance.strengths)]) for at, strength in enumerate(nuisance.strengths)]
    start = inside
    for name, (stack, _) in foreign.items():
        parts.append((name, 0.0, np.arange(start, start + len(stack))))
        start += len(stack)
    parts = [part for part in parts if len(part[2])]
    total, done = sum(len(lenses) for _, _, lenses in parts), 0
    said, measured, noise = [], [], []
    for number, (name, strength, lenses) in enumerate(parts):
        for at in range(0, len(lenses), _BATCH):
            chosen = images[lenses[at : at + _BATCH]]
            if name in NUISANCES:
                chosen = perturb(chosen, name, strength, seed=seed + 1000 * number + at).numpy()
            views = classifier_views(model, chosen)
            said.append(views)
            noise.append(noise_share(chosen))
            measured.append(measure(model, reference, chosen, {"embedding": reference.space.distances(views.embeddings)}, views))
            done += len(chosen)
            if progress is not None:
                progress(done, total)
    lens = np.concatenate([lenses for _, _, lenses in parts])
    return Trials(
        views=Views(np.concatenate([one.embeddings for one in said]), np.concatenate([one.logits for one in said], axis=1)),
        measures={name: np.concatenate([one[name] for one in measured]) for name in measured[0]},
        labels=labels[lens],
        noise=np.concatenate(noise),
        nuisance=np.concatenate([np.full(len(lenses), name) for name, _, lenses in parts]),
        strength=np.concatenate([np.full(len(lenses), strength) for _, strength, lenses in parts]),
        lens=lens,
        foreign=lens >= inside,
    )
