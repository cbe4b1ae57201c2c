"""Random numbers for a batch, all from one `torch.Generator`."""

import math

import numpy as np
import torch
from torch import Tensor


class Draws:
    """Draws on a generator's device: float64, or float32 where the device has no float64 (MPS).

    A generator on the CPU draws the same lenses for every device they are rendered on.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.generator, self.device = generator, generator.device
        self.dtype = torch.float32 if self.device.type == "mps" else torch.float64

    def unit(self, *shape: int) -> Tensor:
        """Uniform in [0, 1)."""
        return torch.rand(shape, generator=self.generator, device=self.device, dtype=self.dtype)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit(*shape)

    def angle(self, *shape: int) -> Tensor:
        """Radians, uniform in [0, 2 pi)."""
        return self.uniform(0.0, 2 * math.pi, *shape)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal."""
        return torch.randn(shape, generator=self.generator, device=self.device, dtype=self.dtype)

    def poisson(self, mean: Tensor) -> Tensor:
        """Whole numbers of the shape of `mean`."""
        return torch.poisson(mean, generator=self.generator)

    def power_law(self, slope: float, low: float, high: float, *shape: int) -> Tensor:
        """Values between `low` and `high` with density ~ value^slope, by the inverse of their distribution."""
        power = round(slope + 1, 9)
        start, end = low**power, high**power
        return (start + self.unit(*shape) * (end - start)) ** (1 / power)

    def spin(self, low: float, high: float, *shape: int) -> tuple[Tensor, Tensor]:
        """Two components of an ellipticity or shear: modulus uniform between the bounds, any direction."""
        size, angle = self.uniform(low, high, *shape), self.angle(*shape)
        return size * angle.cos(), size * angle.sin()

    def some(self, mean: float, most: float, count: int) -> Tensor:
        """Which of the indices 0 ... most - 1 are taken, (count, most) bool: a Poisson number of them, at most all."""
        number = self.poisson(self.constant(mean, count).contiguous())
        return torch.arange(int(most), device=self.device) < number[:, None]

    def constant(self, value: float, *shape: int) -> Tensor:
        """One number everywhere; takes no memory."""
        return torch.tensor(value, device=self.device, dtype=self.dtype).expand(shape)


def generator_of(seed: int, *index: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that starts from a hash of a seed and indices (of a step, a device, ...), each a whole number >= 0.

    The same numbers give the same draws; other numbers give independent ones.
    """
    state = np.random.SeedSequence([seed, *index]).generate_state(1, np.uint64)[0]
    generator = torch.Generator(device=device)
    generator.manual_seed(int(state >> np.uint64(1)))
    return generator
