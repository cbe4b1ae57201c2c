"""Simulate a whole data set in parallel: seeded lens by lens, so the result does not depend on the number of processes."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from lensmae.data.simulation.lenses import SimulatedLens, check_preset, simulate_lens
from lensmae.data.simulation.presets import PRESETS, Preset
from lensmae.data.simulation.sampling import draw_parameters
from lensmae.data.store.arrays import new_arrays
from lensmae.data.store.dataset import LensDataset, open_store, summarise, write_table
from lensmae.data.store.splits import assign_splits
from lensmae.errors import DatasetError
from lensmae.folders import new_folder
from lensmae.parts import completed
from lensmae.processes import watch_owner
from lensmae.progress import Progress
from lensmae.workspace import check_name, datasets_dir

_CHUNK = 32
_GPU_CHUNK = 1024
# Images in place, their table, the seed -> the table.
Finish = Callable[[np.ndarray, pd.DataFrame, int], pd.DataFrame]


def simulate_dataset(
    preset: str,
    name: str,
    per_class: int,
    seed: int,
    *,
    classes: Sequence[str] = (),
    jobs: int | None = None,
    progress: Progress | None = None,
    finish: Finish | None = None,
    device: str | None = None,
    executor: Executor | None = None,
) -> LensDataset:
    """Simulate `per_class` lenses of every class of a preset, or of some of its classes, into the workspace.

    Args:
        preset: a name of `PRESETS`.
        name: of the new data set.
        per_class: lenses a class, at least 1.
        seed: of the data set; every lens gets its own seed from it, the same whatever classes are simulated.
        classes: those to simulate; all of the preset where empty.
        jobs: processes; all cores where None.
        progress: called with (lenses done, lenses in all); where it raises, everything written is removed.
        device: "cpu", "cuda" or "mps": by array operations there, lenstronomy's lenses to rounding; None is lenstronomy itself.
        executor: computes parts of the set elsewhere (`lensmae.jobs.cluster`); processes of this machine where None.
        finish: changes the images (N, H, W) in place and returns the table with what it did (`lensmae.data.mixed`).
    """
    check_preset(preset)
    check_name(name, "data set")
    if device is not None:
        from lensmae.data.simulation.on_device import check_device

        check_device(device)
    if per_class < 1:
        raise DatasetError(f"per_class is {per_class}; it must be at least 1.")
    chosen = _chosen(PRESETS[preset], classes)
    final = datasets_dir() / name
    if final.exists():
        raise DatasetError(f"A data set {name!r} already exists in {datasets_dir()}; choose another name or delete it first.")
    work = _Work(PRESETS[preset], chosen, name, per_class, seed, jobs or os.cpu_count() or 1, device, executor)
    with new_folder(final) as folder:
        _write(work, folder, progress, finish)
    return open_store(final)


@dataclass(frozen=True)
class _Work:
    """What is simulated, and by what."""

    preset: Preset
    classes: tuple[str, ...]
    name: str
    per_class: int
    seed: int
    jobs: int
    device: str | None
    executor: Executor | None


def _chosen(preset: Preset, classes: Sequence[str]) -> tuple[str, ...]:
    """The classes asked for, in the preset's order."""
    unknown = [name for name in classes if name not in preset.classes]
    if unknown:
        raise DatasetError(f"Preset {preset.name} has no class {unknown[0]!r}; it has {', '.join(preset.classes)}.")
    return tuple(name for name in preset.classes if not classes or name in classes)


def lens_seed(seed: int, class_index: int, index: int) -> int:
    """Seed of one lens, in [0, 2^63): a hash of the data set's seed, the class and the lens's index in it."""
    return int(np.random.SeedSequence([seed, class_index, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _plan(preset: Preset, classes: Sequence[str], per_class: int, seed: int) -> list[tuple[str, int, str]]:
    """Class, seed and split of every lens, class by class."""
    plan = []
    for class_name in classes:
        class_index = preset.classes.index(class_name)
        splits = assign_splits(per_class, seed, class_index)
        plan += [(class_name, lens_seed(seed, class_index, row), str(splits[row])) for row in range(per_class)]
    return plan


def _simulate_chunk(preset: str, start: int, lenses: list[tuple[str, int]]) -> tuple[int, list[SimulatedLens]]:
    return start, [simulate_lens(preset, class_name, seed) for class_name, seed in lenses]


def _batched_chunk(preset: str, device: str, start: int, lenses: list[tuple[str, int]]) -> tuple[int, list[SimulatedLens]]:
    from lensmae.data.simulation.on_device import simulate_rows

    return start, simulate_rows(preset, [draw_parameters(preset, class_name, seed) for class_name, seed in lenses], device)


def _chunks(work: _Work, plan: list[tuple[str, int, str]]) -> Iterator[tuple[int, list[SimulatedLens]]]:
    lenses = [(class_name, seed) for class_name, seed, _ in plan]
    on_gpu = work.device is not None and not work.device.startswith("cpu")
    chunk = _GPU_CHUNK if on_gpu else _CHUNK
    # Processes cost a second to start; a few chunks are done sooner without. A GPU is one process's.
    workers = 1 if on_gpu or len(lenses) <= 2 * chunk else work.jobs
    simulate = _simulate_chunk if work.device is None else partial(_batched_chunk, device=work.device)
    parts = ((start, lenses[start : start + chunk]) for start in range(0, len(lenses), chunk))
    if work.executor is not None:
        apart = partial(simulate, work.preset.name)
        yield from (lenses for _, lenses in completed(work.executor, apart, parts))
        return
    calls = (delayed(simulate)(work.preset.name, start=start, lenses=some) for start, some in parts)
    how = {"return_as": "generator_unordered", "pre_dispatch": "2 * n_jobs"}
    # joblib's processes would outlive a parent that is killed, and hold its output open.
    yield from Parallel(n_jobs=workers, **how, initializer=watch_owner, initargs=(os.getpid(),))(calls)


def _write(work: _Work, folder: Path, progress: Progress | None, finish: Finish | None) -> None:
    preset, seed = work.preset, work.seed
    plan = _plan(preset, work.classes, work.per_class, seed)
    arrays = new_arrays(folder, shapes_of(preset, len(plan)))
    rows: list[dict] = [{} for _ in plan]
    done = 0
    for start, lenses in _chunks(work, plan):
        for index, lens in enumerate(lenses, start):
            _store(arrays, index, lens)
            rows[index] = {"id": f"{lens.parameters['class']}_{index:06d}", "split": plan[index][2], "source_file": ""}
            rows[index] |= lens.parameters
        done += len(lenses)
        if progress is not None:
            progress(done, len(plan))
    table = pd.DataFrame(rows)
    unit = preset.flux_unit
    if finish is not None:
        table, unit = finish(arrays["images"], table, seed), unit.removesuffix(", noise-free")
    for array in arrays.values():
        array.flush()
    facts = {"preset": preset.name, "seed": seed, "pixel_scale": preset.pixel_scale, "flux_unit": unit}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    info = summarise(work.name, table, arrays, classes=work.classes, created=created, **facts)
    write_table(folder, info, table)


def shapes_of(preset: Preset, count: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of a set of `count` lenses."""
    shapes = {"images": preset.shape}
    if preset.target_shape is not None:
        shapes |= {"targets": preset.target_shape, "truths": preset.target_shape}
    return {name: (count, *shape) for name, shape in shapes.items()}


def _store(arrays: dict[str, np.memmap], index: int, lens: SimulatedLens) -> None:
    arrays["images"][index] = lens.image
    if lens.target is not None and lens.truth is not None:
        arrays["targets"][index], arrays["truths"][index] = lens.target, lens.truth
