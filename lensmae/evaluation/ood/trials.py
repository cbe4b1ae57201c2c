"""What a classifier says of held-out lenses as they are and under every nuisance: what limits and tables are fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from lensmae.data.nuisances import NUISANCES, NuisancePrior, draw_nuisances, perturb
from lensmae.data.simulation.batched import generator_of
from lensmae.evaluation.ood.domain import measure
from lensmae.evaluation.ood.measures import Views, classifier_views
from lensmae.evaluation.ood.quality import Quality, quality_of
from lensmae.evaluation.ood.references import Reference
from lensmae.models import Classifier
from lensmae.progress import Progress

AS_SIMULATED, AS_FILES = "as simulated", "as files hold them"
_BATCH = 32
# Noise is what most files differ by; of all nuisances together there are more than of one.
_OFTEN, _OFTEN_ALL = 3, 6
# A probability from which on an answer is given with confidence.
CONFIDENT = 0.9


@dataclass(frozen=True)
class Trials:
    """N answers.

    Attributes:
        views: what the network said.
        measures: by name, (N,) each.
        labels: (N,) int, indices in the network's classes.
        quality: of the images.
        nuisance: (N,) str, what was done to the lens.
        strength: (N,) of it.
        lens: (N,) which of the lenses it is.
        foreign: (N,) bool, whether it is of a preset that the network was not trained on; its label is -1 where it has no class.
        strata: (N,) str, the preset that the lens is of.
    """

    views: Views
    measures: Mapping[str, np.ndarray]
    labels: np.ndarray
    quality: Quality
    nuisance: np.ndarray
    strength: np.ndarray
    lens: np.ndarray
    foreign: np.ndarray
    strata: np.ndarray

    @property
    def wrong(self) -> np.ndarray:
        """Whether the most probable class is another than the true one, (N,) bool."""
        return self.views.probabilities.argmax(axis=1) != self.labels

    @property
    def plain(self) -> np.ndarray:
        """Whether nothing was done to the lens, (N,) bool."""
        return self.nuisance == AS_SIMULATED


@dataclass(frozen=True)
class Held:
    """Lenses in a network's domain that it was not trained on.

    Attributes:
        images: (N, S, S) flux.
        labels: (N,) int, indices in its classes.
        strata: (N,) str, presets that they are of.
    """

    images: np.ndarray
    labels: np.ndarray
    strata: np.ndarray


def run_trials(
    model: Classifier,
    reference: Reference,
    lenses: Held,
    *,
    each: int,
    prior: NuisancePrior | None = None,
    foreign: Mapping[str, tuple[np.ndarray, np.ndarray]] = MappingProxyType({}),
    seed: int = 0,
    progress: Progress | None = None,
) -> Trials:
    """Ask a classifier for lenses as they are, and for `each` of them under every nuisance, whose strengths are dealt out evenly.

    Args:
        model: that is asked.
        reference: that its measures are taken with.
        lenses: in its domain.
        each: lenses a nuisance.
        prior: of nuisances that it was trained with, under which six times as many are asked; None for none.
        foreign: by preset, images and labels out of its domain; -1 for what has no class.
        seed: of which lenses meet which nuisance, and how.
        progress: called with (images done, images in all).
    """
    inside = len(lenses.images)
    images = np.concatenate([lenses.images, *(stack for stack, _ in foreign.values())])
    labels = np.concatenate([lenses.labels, *(indices for _, indices in foreign.values())])
    strata = np.concatenate([lenses.strata, *(np.full(len(stack), name) for name, (stack, _) in foreign.items())])
    parts = _parts(inside, each, prior is not None, {name: len(stack) for name, (stack, _) in foreign.items()}, seed)
    total, done = sum(len(chosen) for _, _, chosen in parts), 0
    said, measured, looks = [], [], []
    for number, (name, strength, rows) in enumerate(parts):
        for at in range(0, len(rows), _BATCH):
            chosen = images[rows[at : at + _BATCH]]
            if name in NUISANCES:
                chosen = perturb(chosen, name, strength, seed=seed + 1000 * number + at).numpy()
            elif name == AS_FILES and prior is not None:
                chosen = draw_nuisances(torch.from_numpy(chosen), generator_of(seed, number, at), prior).images.numpy()
            views = classifier_views(model, chosen)
            said.append(views)
            looks.append(quality_of(chosen))
            measured.append(measure(model, reference, chosen, {"embedding": reference.space.distances(views.embeddings)}, views))
            done += len(chosen)
            if progress is not None:
                progress(done, total)
    lens = np.concatenate([rows for _, _, rows in parts])
    return Trials(
        views=Views(np.concatenate([one.embeddings for one in said]), np.concatenate([one.logits for one in said], axis=1)),
        measures={name: np.concatenate([one[name] for one in measured]) for name in measured[0]},
        labels=labels[lens],
        quality=Quality(*(np.concatenate([getattr(one, name) for one in looks]) for name in ("noise", "bright_noise", "width"))),
        nuisance=np.concatenate([np.full(len(rows), name) for name, _, rows in parts]),
        strength=np.concatenate([np.full(len(rows), strength) for _, strength, rows in parts]),
        lens=lens,
        foreign=lens >= inside,
        strata=strata[lens],
    )


def _parts(inside: int, each: int, mixed: bool, foreign: Mapping[str, int], seed: int) -> list[tuple[str, float, np.ndarray]]:
    """What is done to which lenses: nuisance, strength, indices; the foreign ones stand behind the `inside` lenses.

    Args:
        inside: lenses in domain.
        each: lenses a nuisance.
        mixed: whether all nuisances are met together too.
        foreign: by preset, how many images.
        seed: of which lenses meet which nuisance.
    """
    rng = np.random.default_rng(seed)
    parts = [(AS_SIMULATED, 0.0, np.arange(inside))]
    for name, nuisance in NUISANCES.items():
        chosen = rng.permutation(inside)[: _OFTEN * each if name == "noise" else each]
        parts += [(name, strength, chosen[at :: len(nuisance.strengths)]) for at, strength in enumerate(nuisance.strengths)]
    if mixed:
        parts.append((AS_FILES, 0.0, rng.permutation(inside)[: _OFTEN_ALL * each]))
    start = inside
    for name, count in foreign.items():
        parts.append((name, 0.0, np.arange(start, start + count)))
        start += count
    return [part for part in parts if len(part[2])]
