"""What a training step learns from: images of a stored set, or lenses simulated for the step; with nuisances where asked for.

Every batch is a function of (seed, step, place), so that a resumed run sees what an uninterrupted one sees.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lensmae.data import LensDataset
from lensmae.data.nuisances import PRIORS, draw_nuisances
from lensmae.data.simulation.batched import generator_of
from lensmae.data.symmetry import draw_elements, random_d4
from lensmae.training.config import RunConfig
from lensmae.training.loading.batches import BatchPlan, drawing_device, step_generator
from lensmae.training.loading.stream import LensStream

_SYMMETRY = 0
# Purposes of generators that feeds sample from, beside those of `lensmae.training.kinds.pretrain`.
_NUISANCES = 10


@dataclass(frozen=True)
class Batch:
    """This process's part of a step's batch.

    Attributes:
        images: (b, 1, H, W) flux on the device, turned.
        labels: (b,) int64.
        log_masses: (b,) float32 log10(axion mass / eV), not finite where a lens has none.
        count: images of the step over all processes.
        share: (b,) indices of this part in the step's batch; in validation, rows of the data set.
        targets: (b, 1, H2, W2) HR flux of a pair set, else None.
        clean: (b, 1, H, W) the same images without noise where that is known, else None.
    """

    images: Tensor
    labels: Tensor
    log_masses: Tensor
    count: int
    share: np.ndarray
    targets: Tensor | None = None
    clean: Tensor | None = None


class Feed(Protocol):
    """Where batches come from."""

    def batch(self, step: int, rank: int, world: int, device: torch.device) -> Batch:
        """The part of one process in the batch of a step.

        Args:
            step: of the run, from 0.
            rank: of the process, from 0.
            world: how many processes there are.
            device: where the tensors go.
        """
        ...


class Rows:
    """Rows of an array on the disk, on a device. On a GPU the whole array stays in its memory where that is a small part of it;
    else rows are copied from pinned memory, for which nothing waits.

    Args:
        source: (N, H, W) flux; None where a data set has no such array.
    """

    def __init__(self, source: np.ndarray | None) -> None:
        self._source = source
        self._resident: Tensor | None = None

    def rows(self, rows: np.ndarray, device: torch.device) -> Tensor:
        """Some of them, (b, H, W) float32.

        Args:
            rows: (b,) int.
            device: where they go.
        """
        if device.type != "cuda":
            return torch.from_numpy(np.asarray(self._source[rows], dtype=np.float32)).to(device)
        if self._resident is None and self.fits(torch.cuda.mem_get_info(device)[0]):
            self._resident = torch.from_numpy(np.array(self._source, dtype=np.float32)).to(device)
        if self._resident is not None:
            return self._resident[torch.from_numpy(rows).to(device)]
        return torch.from_numpy(np.array(self._source[rows], dtype=np.float32)).pin_memory().to(device, non_blocking=True)

    def fits(self, free: int) -> bool:
        """Whether the whole array, in float32, takes no more than a quarter of so many bytes."""
        return 4 * 4 * self._source.size <= free


class StoredFeed:
    """Batches of a stored data set, turned by its symmetry; with sampled nuisances where the configuration says so."""

    def __init__(
        self, dataset: LensDataset, plan: BatchPlan, labels: np.ndarray, log_masses: np.ndarray, config: RunConfig
    ) -> None:
        self.dataset, self.plan, self.labels, self.log_masses, self.config = dataset, plan, labels, log_masses, config
        self._images, self._targets = Rows(dataset.images), Rows(dataset.targets)

    def batch(self, step: int, rank: int, world: int, device: torch.device) -> Batch:
        """As of `Feed`."""
        rows = self.plan.rows(step)
        # Symmetry is sampled for the whole batch, then each process takes its part: any number of them computes the same step.
        share = np.arange(rank, len(rows), world)
        drawn_on = drawing_device(device)
        elements = draw_elements(self.config.symmetry, len(rows), step_generator(self.config.seed, step, _SYMMETRY, drawn_on))
        elements = elements[rank::world]
        mine = rows[share]
        images = self.pixels(mine, device, elements)
        targets = self.pixels(mine, device, elements, targets=True) if self.dataset.is_pair else None
        labels = torch.from_numpy(self.labels[mine]).to(device)
        masses = torch.from_numpy(self.log_masses[mine]).to(device)
        batch = Batch(images, labels, masses, len(rows), share, targets)
        if self.config.nuisances == "none":
            return batch
        generator = generator_of(self.config.seed, step, rank, _NUISANCES, device=drawn_on)
        return perturbed(batch, generator, self.config.nuisances)

    def pixels(self, rows: np.ndarray, device: torch.device, elements: Tensor | None = None, targets: bool = False) -> Tensor:
        """Images of rows, (b, 1, H, W) float32 flux on the device.

        Args:
            rows: (b,) int, of the data set.
            device: where the tensor goes.
            elements: (b,) of D4 that turn them; None for none.
            targets: take the HR images of pairs instead.
        """
        images = (self._targets if targets else self._images).rows(rows, device).unsqueeze(1)
        # One orientation needs no turning.
        return images if elements is None or self.config.symmetry == "none" else random_d4(images, elements.to(device))


class StreamFeed:
    """Batches of new lenses, simulated on the device for each step and process."""

    def __init__(self, stream: LensStream, config: RunConfig) -> None:
        self.stream, self.config = stream, config

    def batch(self, step: int, rank: int, world: int, device: torch.device) -> Batch:
        """As of `Feed`."""
        count = self.config.batch_size
        share = np.arange(rank, count, world)
        lenses = self.stream.lenses(len(share), (step, rank), device)
        batch = Batch(lenses.images.unsqueeze(1), lenses.labels, lenses.log_axion_mass, count, share)
        drawn_on = drawing_device(device)
        generator = generator_of(self.config.seed, step, rank, _SYMMETRY, device=drawn_on)
        elements = draw_elements(self.config.symmetry, len(share), generator)
        if self.config.symmetry != "none":
            batch = replace(batch, images=random_d4(batch.images, elements.to(device)))
        if self.config.nuisances == "none":
            return replace(batch, clean=batch.images)
        generator = generator_of(self.config.seed, step, rank, _NUISANCES, device=drawn_on)
        return perturbed(batch, generator, self.config.nuisances)


def perturbed(batch: Batch, generator: torch.Generator, nuisances: str) -> Batch:
    """The batch with nuisances sampled from one of `PRIORS`; its images are then in units of the noise-free peak."""
    drawn = draw_nuisances(batch.images.squeeze(1), generator, PRIORS[nuisances])
    return replace(batch, images=drawn.images.unsqueeze(1), clean=drawn.clean.unsqueeze(1))
