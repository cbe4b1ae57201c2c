"""What a run would cost: a few real steps of its own training, measured.

The Training page has it measured in a process of its own, because its peak memory is what is measured, and because it may be
cancelled.
"""

import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import pytorch_lightning as pl
import torch

from lensmae.jobs import Report, live_tickets
from lensmae.training.callbacks import device_name
from lensmae.training.config import RunConfig, settled
from lensmae.training.kinds.registry import KINDS, config_from_record, start_network
from lensmae.training.lightning import bare_trainer, quiet_lightning
from lensmae.training.loading.datamodule import LensData, open_data
from lensmae.training.loggers import check_logger
from lensmae.training.task import LensTask

# The first steps allocate; they are not counted.
_WARM_STEPS = 2
_MOST_STEPS = 40
# A step is a forward and a backward pass, which costs about two forward passes.
_FORWARD_SHARE = 1 / 3


@dataclass(frozen=True)
class Estimate:
    """What a run would cost here.

    Attributes:
        parameters: trainable values.
        training_lenses, validation_lenses: images of the splits.
        steps: optimiser steps of the whole run.
        images_per_second: training speed, measured.
        prepare_s: seconds before the first step (reading, whitening, building), measured.
        seconds: of the whole run: preparation, steps, and validations at a third of a step's time an image.
        memory_bytes: peak memory of the process on its device, measured.
        memory_available_bytes: what the device has.
        notes: what the figures leave out.
    """

    device: str
    parameters: int
    training_lenses: int
    validation_lenses: int
    steps: int
    images_per_second: float
    prepare_s: float
    seconds: float
    memory_bytes: int
    memory_available_bytes: int
    notes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the run's memory is there."""
        return self.memory_bytes <= self.memory_available_bytes


class _Stopwatch(pl.Callback):
    """Times steps for a while, then ends the loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends: list[float] = []
        self.device = torch.device("cpu")

    def on_train_start(self, _: pl.Trainer, task: LensTask) -> None:
        # When training ends, Lightning takes the network back to the processor.
        self.device = task.device

    def on_train_batch_end(self, trainer: pl.Trainer, task: LensTask, *_: Any) -> None:
        if task.device.type == "cuda":
            torch.cuda.synchronize(task.device)
        self.ends.append(time.perf_counter())
        timed = len(self.ends) - _WARM_STEPS
        if timed > 0 and (self.ends[-1] - self.ends[0] > self.seconds or timed >= _MOST_STEPS):
            trainer.should_stop = True

    @property
    def step_s(self) -> float:
        """Seconds a step; of a run shorter than the warm-up, the mean of what there is."""
        first = min(_WARM_STEPS - 1, len(self.ends) - 2)
        return (self.ends[-1] - self.ends[first]) / (len(self.ends) - 1 - first)


def measure(config: RunConfig, seconds: float = 6.0) -> Estimate:
    """Train a few steps of a run, for about `seconds`, and say what the whole run would take. Nothing is kept.

    Raises `LensMAEError` where the run could not begin: no such data set, classes that do not fit, no such checkpoint.
    """
    check_logger(config.logger)
    config = settled(config)
    began = time.perf_counter()
    available = psutil.virtual_memory().available
    data = open_data(config)
    processes = config.devices * config.nodes
    share = config.model_copy(
        update={"batch_size": max(1, config.batch_size // processes), "compile": False, "save_every": 10**6}
    )
    card, network = start_network(config, data.dataset, data.training_rows)
    # At least as many steps as are timed, however short the run.
    steps = max(data.total_steps, _WARM_STEPS + _MOST_STEPS)
    task = LensTask(network, KINDS[config.kind].objective(share, card.transform, steps))
    watch = _Stopwatch(seconds)
    prepared = time.perf_counter()
    with quiet_lightning():
        trainer = bare_trainer(config, devices=1, limit_val_batches=0, enable_progress_bar=False, logger=False, callbacks=[watch])
        trainer.fit(task, datamodule=LensData(data.dataset, share, data.stream))
    return _estimate(config, data, task, watch, prepared - began, available)


def _estimate(config: RunConfig, data: LensData, task: LensTask, watch: _Stopwatch, prepare_s: float, available: int) -> Estimate:
    on_gpu = watch.device.type == "cuda"
    images = min(config.batch_size, len(data.plan.indices))
    validations = data.total_steps / (config.save_every * config.validate_every) + 1
    validated = sum(len(rows) for rows in data.validation_rows)
    validation_s = validations * validated * watch.step_s / images * _FORWARD_SHARE
    peak = torch.cuda.max_memory_reserved(watch.device) if on_gpu else peak_memory()
    return Estimate(
        device=device_name(watch.device),
        parameters=sum(weight.numel() for weight in task.network.parameters()),
        training_lenses=len(data.plan.indices),
        validation_lenses=validated,
        steps=data.total_steps,
        images_per_second=images / watch.step_s,
        prepare_s=prepare_s,
        seconds=prepare_s + data.total_steps * watch.step_s + validation_s,
        memory_bytes=peak,
        memory_available_bytes=torch.cuda.mem_get_info(watch.device)[1] if on_gpu else available,
        notes=tuple(_notes(config)),
    )


def _notes(config: RunConfig) -> list[str]:
    notes = []
    busy = sum(ticket.started for ticket in live_tickets())
    if busy:
        notes.append(f"Measured while {busy} other run{'s are' if busy > 1 else ' is'} at work here; alone it is faster.")
    if config.compile:
        notes.append("Measured without compiling, which takes a minute or two and makes the steps after it faster.")
    if config.devices * config.nodes > 1:
        notes.append("Measured on one device with its share of the batch; what the devices tell each other is not in it.")
    return notes


def peak_memory() -> int:
    """Largest resident memory of this process so far, bytes."""
    try:
        import resource
    except ImportError:
        # Windows has its own counter.
        return psutil.Process().memory_info().peak_wset
    # macOS counts bytes, Linux kilobytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def answer(request: dict[str, Any], report: Report) -> dict[str, Any]:
    """`measure` as the work of a `ProcessJob`: an `Estimate` as a dictionary.

    Args:
        request: a run configuration's `model_dump(mode="json")`.
        report: told what is being done.
    """
    report.phase("reading the data set, then training a few steps; about half a minute")
    return asdict(measure(config_from_record(request)))
