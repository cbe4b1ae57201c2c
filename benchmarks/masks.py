"""How long one lens takes to be reconstructed under many random masks."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensmae.data import simulate_lens
from lensmae.data.transforms import Transform
from lensmae.evaluation.reconstruction.spread import MOST_MASKS, reconstruct_many
from lensmae.models import CheckpointCard, MAEViT, Reconstructor
from lensmae.progress import Progress

# `MAEViT`'s arguments of the recipe `reference`.
REFERENCE_MAE = {"linear_prior": 256}


@dataclass(frozen=True)
class MasksResult:
    """Reconstructing of one lens under random masks at ratio 0.75, statistics included; float32.

    Attributes:
        masks: how many.
        rounds: how often that was repeated.
        median_s, worst_s: seconds of one round.
    """

    masks: int
    rounds: int
    median_s: float
    worst_s: float


def untrained_mae(size: dict[str, int] | None = None) -> Reconstructor:
    """An MAE with random weights, on which time does not depend; of the recipe `reference` where `size` is None."""
    size = REFERENCE_MAE if size is None else size
    card = CheckpointCard(kind="mae", architecture=size, transform=Transform())
    return Reconstructor(Path("reference.safetensors"), card, MAEViT(**size).eval().requires_grad_(False), "cpu")


def masks(progress: Progress, count: int = MOST_MASKS, rounds: int = 3, size: dict[str, int] | None = None) -> MasksResult:
    """Reconstruct a lens under `count` masks, `rounds` times after one to warm up.

    Args:
        size: arguments of another `MAEViT`; the net of the recipe `reference` where None.
    """
    model = untrained_mae(size)
    image = simulate_lens("model_ii", "cdm", seed=0).image
    reconstruct_many(model, image, min(count, 32))
    seconds = []
    for done in range(rounds):
        start = time.perf_counter()
        reconstruct_many(model, image, count, seed=done)
        seconds.append(time.perf_counter() - start)
        progress(done + 1, rounds)
    return MasksResult(count, rounds, float(np.median(seconds)), max(seconds))
