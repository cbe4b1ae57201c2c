"""How fast lenses of every preset come in batches, on this machine's accelerator or a core, beside lenstronomy on a core."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from lensmae.data import PRESETS
from lensmae.data.simulation.batched import generator_of, render, simulate_batch
from lensmae.data.simulation.batched.from_rows import scene_of_rows
from lensmae.data.simulation.lenses import simulate_lens
from lensmae.data.simulation.lensing.render import noise_free
from lensmae.data.simulation.sampling import draw_parameters

_COMPARED = 8


@dataclass(frozen=True)
class PresetSpeed:
    """Lenses a second of one preset, all classes alike, drawing their parameters included.

    Attributes:
        batched: float32 images on the device.
        lenstronomy: on one core, float64.
        ratio: of the two.
        difference32, difference64: largest difference to lenstronomy's noise-free image over `compared` lenses a class, as a
            share of its peak; None for a corpus, whose presets stand by themselves.
    """

    batched: float
    lenstronomy: float
    ratio: float
    difference32: float | None
    difference64: float | None


@dataclass(frozen=True)
class DeviceSimulationResult:
    """Attributes:
    device: name of the accelerator, or "one core of the processor".
    batch: lenses a batch.
    rounds: measurements of each, turn about; medians.
    compared: lenses a class that were compared with lenstronomy's.
    presets: by name.
    """

    device: str
    batch: int
    rounds: int
    compared: int
    presets: dict[str, PresetSpeed]


def device_simulation(progress: Callable[[int, int], None], rounds: int = 3, batch: int | None = None) -> DeviceSimulationResult:
    """Batches on the accelerator where there is one, timed by the clock; else on one core, timed in its own seconds, so that what
    else the machine does counts little. lenstronomy is timed in seconds of one core."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = batch or (16384 if device.type == "cuda" else 96)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        measured = {}
        for done, name in enumerate(PRESETS):
            measured[name] = _speed(name, device, size, rounds)
            progress(done + 1, len(PRESETS))
    finally:
        torch.set_num_threads(threads)
    title = torch.cuda.get_device_name(device) if device.type == "cuda" else "one core of the processor"
    return DeviceSimulationResult(title, size, rounds, _COMPARED, measured)


def _speed(preset: str, device: torch.device, size: int, rounds: int) -> PresetSpeed:
    generator = generator_of(0, device=device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter

    def by_batch() -> float:
        start = clock()
        simulate_batch(preset, size, generator)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return size / (clock() - start)

    def by_lenstronomy(seed: int) -> float:
        start = time.process_time()
        classes = PRESETS[preset].classes
        for class_name in classes:
            simulate_lens(preset, class_name, seed)
        return len(classes) / (time.process_time() - start)

    by_batch(), by_lenstronomy(0)
    pairs = np.array([(by_batch(), np.mean([by_lenstronomy(3 * turn + index) for index in range(3)])) for turn in range(rounds)])
    batched, lenstronomy = np.median(pairs, axis=0)
    differences = (
        [None, None] if PRESETS[preset].strata else [_difference(preset, device, d) for d in (torch.float32, torch.float64)]
    )
    return PresetSpeed(float(batched), float(lenstronomy), float(np.median(pairs[:, 0] / pairs[:, 1])), *differences)


def _difference(preset: str, device: torch.device, dtype: torch.dtype) -> float:
    largest = 0.0
    for class_name in PRESETS[preset].classes:
        rows = [draw_parameters(preset, class_name, seed) for seed in range(_COMPARED)]
        expected = np.array([noise_free(PRESETS[preset], row) for row in rows])
        scene = scene_of_rows(PRESETS[preset], rows).to(device)
        images = (render(scene, dtype) / scene.gain[:, None, None]).double().cpu().numpy()
        largest = max(largest, float((np.abs(images - expected).max((1, 2)) / expected.max((1, 2))).max()))
    return largest
