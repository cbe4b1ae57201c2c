"""Lenses of rows by array operations on a CPU, CUDA or MPS device, whatever presets they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from lensmae.data.simulation.batched.from_rows import scene_of_rows
from lensmae.data.simulation.batched.imaging import render
from lensmae.data.simulation.lenses import SimulatedLens, finished
from lensmae.data.simulation.rows import stratum_of
from lensmae.errors import DatasetError


def check_device(name: str) -> torch.device:
    """The device of that name. Raises `DatasetError` where this machine has none."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        raise DatasetError(
            f"This machine has no device {name!r} ({str(problem).splitlines()[0]}); give cpu, cuda or mps."
        ) from None
    return device


def simulate_rows(preset: str, rows: Sequence[Mapping[str, Any]], device: torch.device | str) -> list[SimulatedLens]:
    """The lenses of rows of one data set, as `simulate_row` makes them, to rounding: in float64 where the device has it. Noise is
    drawn from each row's seed on the CPU, so that it is the same on every device."""
    by_stratum: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        # Lenses with the same kind and number of masses go together: no time is lost on padding.
        by_stratum.setdefault((stratum_of(preset, row).name, str(row["class"])), []).append(index)
    dtype = torch.float32 if torch.device(device).type == "mps" else torch.float64
    lenses: dict[int, SimulatedLens] = {}
    for some in by_stratum.values():
        chosen = [rows[index] for index in some]
        scene = scene_of_rows(stratum_of(preset, chosen[0]), chosen)
        counts = render(replace(scene, gain=torch.ones_like(scene.gain)).to(device), dtype).double().cpu().numpy()
        for index, row, clean in zip(some, chosen, counts, strict=True):
            lenses[index] = finished(preset, row, clean)
    return [lenses[index] for index in range(len(rows))]
