"""One simulated lens from a preset, a class and a seed, or again from its row of parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.simulation.lensing.render import noise_free
from lensmae.data.simulation.noise import noisy_pair, observed
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.rows import stratum_of
from lensmae.data.simulation.sampling import draw_parameters
from lensmae.errors import DatasetError


@dataclass(frozen=True)
class SimulatedLens:
    """An image and all that is needed to make it again.

    Attributes:
        image: (H, W) float32.
        target: (H2, W2) float32 HR image of a pair set, else None.
        truth: (H2, W2) float32 noise-free HR image of a pair set, else None.
        parameters: the lens's row, lengths in arcsec, masses in Msun, axion mass in eV.
    """

    image: np.ndarray
    target: np.ndarray | None
    truth: np.ndarray | None
    parameters: dict[str, Any]


def simulate_lens(preset: str, class_name: str, seed: int) -> SimulatedLens:
    """A lens whose parameters are drawn from `seed`; the same arguments give the same bits."""
    check_preset(preset, class_name)
    return simulate_row(preset, draw_parameters(preset, class_name, seed))


def simulate_row(preset: str, row: Mapping[str, Any]) -> SimulatedLens:
    """A lens from its row of `lenses.parquet`."""
    check_preset(preset, str(row["class"]))
    return finished(preset, row, noise_free(stratum_of(preset, row), row))


def finished(preset: str, row: Mapping[str, Any], clean: np.ndarray) -> SimulatedLens:
    """The lens of a row from its noise-free counts a second (H, W) float64: noise, unit, and the pair where it is one."""
    kind = stratum_of(preset, row)
    if kind.target_shape is not None:
        return SimulatedLens(*noisy_pair(row, clean), dict(row))
    return SimulatedLens(observed(kind, row, clean).astype(np.float32), None, None, dict(row))


def check_preset(preset: str, class_name: str | None = None) -> None:
    """Raise `DatasetError` where there is no such preset, or no such class in it."""
    if preset not in PRESETS:
        raise DatasetError(f"There is no preset {preset!r}; there are {', '.join(PRESETS)}.")
    if class_name is not None and class_name not in PRESETS[preset].classes:
        raise DatasetError(f"Preset {preset} has no class {class_name!r}; it has {', '.join(PRESETS[preset].classes)}.")
