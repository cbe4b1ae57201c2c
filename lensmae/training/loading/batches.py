"""Training batches as a pure function of (seed, step): what makes a resumed run equal an uninterrupted one."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from lensmae.errors import DatasetError


@dataclass(frozen=True)
class BatchPlan:
    """Which image goes into which step: every epoch a new permutation, the incomplete last batch left out.

    Attributes:
        indices: rows of the data set to learn from.
        batch_size: images a step, over all processes.
        seed: of the permutations.
    """

    indices: np.ndarray
    batch_size: int
    seed: int

    def __post_init__(self) -> None:
        if len(self.indices) == 0:
            raise DatasetError("The training split is empty; simulate or import more lenses.")

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches an epoch; a set smaller than one batch is one (smaller) batch."""
        return max(1, len(self.indices) // self.batch_size)

    def rows(self, step: int) -> np.ndarray:
        """Data-set rows of the batch of a global step, int64."""
        epoch, index = divmod(step, self.steps_per_epoch)
        order = _permutation(self.seed, epoch, len(self.indices))
        return self.indices[order[index * self.batch_size : (index + 1) * self.batch_size]]


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def step_generator(seed: int, step: int, purpose: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that depends on the run's seed, the step and what it is for, and on nothing else.

    Args:
        seed: of the run.
        step: of the run, from 0.
        purpose: what is drawn.
        device: that samples; one of another kind samples other numbers.
    """
    state = int(np.random.SeedSequence([seed, step, purpose]).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(state % 2**63)


def drawing_device(device: torch.device) -> torch.device:
    """Where the random choices of a step are sampled: on a GPU, which would wait for a copy; else by the processor."""
    return device if device.type == "cuda" else torch.device("cpu")
