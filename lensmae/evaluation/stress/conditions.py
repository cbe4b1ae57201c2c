"""What the stress test does to images: every nuisance at its strengths, and lenses of other presets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lensmae.data import CLASSES, PRESETS
from lensmae.data.nuisances import NUISANCES, perturb
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.errors import ConfigError
from lensmae.evaluation.stress.words import YES
from lensmae.evaluation.superresolution.preset_pairs import preset_pairs

AS_GIVEN = "as given"
OTHER_PRESET = "other preset"
# Of other presets, those whose images have the size of the classifiers' and one of the three classes each.
_PRESETS = ("model_ii", "model_iii")
_SEED = 880_001


@dataclass(frozen=True)
class Condition:
    """One thing done to the images of a set.

    Attributes:
        nuisance: as in `NUISANCES`, `AS_GIVEN` or `OTHER_PRESET`.
        title, unit: as shown.
        strength: of the nuisance; 0 for the others.
        label: the strength in words; "yes" where the nuisance has none.
    """

    nuisance: str
    title: str
    unit: str
    strength: float
    label: str

    def apply(self, images: np.ndarray, seed: int = 0) -> np.ndarray:
        """Images (B, H, W) under it, float32; the same arguments give the same images."""
        if self.nuisance not in NUISANCES:
            return np.asarray(images, dtype=np.float32)
        return perturb(np.asarray(images), self.nuisance, self.strength, seed).numpy()


def conditions(names: Sequence[str] = ()) -> list[Condition]:
    """The images as given, then every strength of the named nuisances, of all where none is named.

    Raises:
        ConfigError: for an unknown name.
    """
    unknown = [name for name in names if name not in NUISANCES]
    if unknown:
        raise ConfigError(f"There is no nuisance {unknown[0]!r}; there are {', '.join(NUISANCES)}.")
    found = [Condition(AS_GIVEN, "As given", "", 0.0, "as given")]
    for name in names or NUISANCES:
        one = NUISANCES[name]
        found += [
            Condition(name, one.title, one.unit, strength, f"{strength:g}" if one.unit else YES) for strength in one.strengths
        ]
    return found


def other_presets(preset: str | None, count: int, size: int) -> list[tuple[Condition, np.ndarray, np.ndarray]]:
    """Noise-free lenses (N, S, S) of the other presets of this size, each with its condition and the labels (N,) in `CLASSES`."""
    found = []
    for name in _PRESETS:
        if name == preset or PRESETS[name].shape != (size, size):
            continue
        batch = simulate_batch(name, count, generator_of(_SEED, 0, 0))
        condition = Condition(OTHER_PRESET, "Other preset", "preset", 0.0, name)
        found.append((condition, batch.images.numpy(), batch.labels.numpy()))
    return found


def other_pairs(count: int) -> list[tuple[Condition, np.ndarray, np.ndarray]]:
    """LR (N, S/2, S/2) and HR images (N, S, S) of every preset of single images, each with its condition."""
    return [
        (Condition(OTHER_PRESET, "Other preset", "preset", 0.0, pairs.name), pairs.low, pairs.high)
        for pairs in preset_pairs(count, _SEED)
    ]


def class_indices(classes: Sequence[str], labels: np.ndarray) -> np.ndarray:
    """Labels (N,) in `CLASSES` as indices in another order of them."""
    return np.array([classes.index(name) for name in CLASSES])[labels]
