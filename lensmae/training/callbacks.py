"""Lightning callbacks that keep a run's folder up to date: resumable saves, curve, heartbeat, film, the request to stop."""

import io
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from lensmae.errors import RunError
from lensmae.processes import watch_parent
from lensmae.training.film import FilmFolder
from lensmae.training.folder import MetricsFile, RunFolder, now
from lensmae.training.task import LensTask

_HEARTBEAT_SECONDS = 2.0
# Several processes must stop at the same step; agreeing costs an exchange between them.
_AGREE_EVERY = 8
# The film may take this share of a run's time.
_FILM_SHARE = 0.004
_LARGE_IMAGE = 96


class SafeWriter(TorchCheckpointIO):
    """Writes a checkpoint where it belongs, and to the disk itself.

    Lightning's own writer goes through the system's temporary folder, which may lie on another, fuller disk.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with Path(path).open("wb") as opened:
            opened.write(buffer.getbuffer())
            opened.flush()
            # Renamed before it is on the disk, a file may be empty after a power cut.
            os.fsync(opened.fileno())


class Finite(pl.Callback):
    """Ends a run whose weights are no numbers any more, before they replace those of the last save."""

    def on_train_start(self, _: pl.Trainer, task: LensTask) -> None:
        self._sound = task.step

    def on_train_epoch_end(self, trainer: pl.Trainer, task: LensTask) -> None:
        finite = bool(torch.nn.utils.get_total_norm(list(task.network.parameters())).isfinite())
        # Sharded, each process sees a part of them; all must end together.
        if not trainer.strategy.reduce_boolean_decision(finite, all=True):
            raise RunError(
                f"Between steps {self._sound} and {task.step} the weights became NaN or infinite; nothing of that was saved. "
                "Start again with a smaller learning rate, or with precision 32-true and without compiling."
            )
        self._sound = task.step


class Saver(pl.Callback):
    """Writes `last.ckpt` atomically after every interval of `save_every` steps."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def on_train_epoch_end(self, trainer: pl.Trainer, _: LensTask) -> None:
        # Every process takes part (sharded strategies gather their weights); only the first has written when it returns.
        temporary = self.folder.checkpoint.with_suffix(".tmp")
        trainer.save_checkpoint(temporary)
        if trainer.is_global_zero:
            os.replace(temporary, self.folder.checkpoint)


class Filmer(pl.Callback):
    """Draws fixed validation lenses at each save, as long as that takes a small share of the run's time."""

    def __init__(self, folder: RunFolder) -> None:
        self.film = FilmFolder(folder.film)
        self._on = False

    def on_train_start(self, trainer: pl.Trainer, task: LensTask) -> None:
        data = trainer.datamodule
        rows = np.concatenate(data.validation_rows) if data.validation_rows else np.empty(0, dtype=np.int64)
        # Sharded weights are in no process whole.
        self._on = bool(task.objective.draws and len(rows) and trainer.is_global_zero and data.config.strategy != "fsdp")
        if not self._on:
            return
        self._rows = rows[: 1 if max(data.dataset.images.shape[1:]) * (2 if data.dataset.is_pair else 1) > _LARGE_IMAGE else 3]
        images = np.asarray(data.dataset.images[self._rows])
        truth = np.asarray(data.dataset.targets[self._rows]) if data.dataset.is_pair else images
        self.film.start(task.step, images, truth, task.objective.hidden(task.network, self._rows))
        self._began, self._spent = time.perf_counter(), 0.0
        if task.step == 0:
            self._draw(task)

    def on_train_epoch_end(self, _: pl.Trainer, task: LensTask) -> None:
        if self._on and (task.step >= task.total_steps or self._spent < _FILM_SHARE * (time.perf_counter() - self._began)):
            self._draw(task)

    def _draw(self, task: LensTask) -> None:
        start = time.perf_counter()
        network = task.final_network()
        training = network.training
        network.eval()
        with torch.no_grad():
            drawn = task.reconstruct(self._rows)
        network.train(training)
        self.film.add(task.step, drawn.squeeze(1).float().cpu().numpy())
        self._spent += time.perf_counter() - start


class Follower(pl.Callback):
    """Writes the curve and the heartbeat, from the first process only; watches for a request to stop, in every process."""

    def __init__(self, folder: RunFolder, batch_size: int) -> None:
        self.folder = folder
        self.batch_size = batch_size
        self._stop = False
        self._process = psutil.Process()

    def on_train_start(self, trainer: pl.Trainer, task: LensTask) -> None:
        # SIGUSR2 comes from Slurm ahead of a time limit.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
            signal.signal(number, self._request_stop)
        if trainer.local_rank > 0:
            # Killed, the first process cannot tell the others, and they would wait.
            watch_parent()
        self._metrics = MetricsFile(self.folder.metrics, task.step)
        self._beat_time = self._mark_time = time.perf_counter()
        self._mark_step = task.step
        self._speed = 0.0
        self._process.cpu_percent()
        self._device = device_name(task.device)
        self._beat(trainer, task)
        if task.step >= task.total_steps:
            # Killed after its last save: there is nothing left to learn.
            trainer.should_stop = True

    def _request_stop(self, number: int, _: Any) -> None:
        self._stop = True
        if number == signal.SIGINT:
            # From a person; the others may come from a cluster that wants its node back.
            self.folder.stop_request.touch()

    def on_train_batch_end(self, trainer: pl.Trainer, task: LensTask, *_: Any) -> None:
        if self._should_stop(trainer, task.step):
            trainer.should_stop = True
        if time.perf_counter() - self._beat_time > _HEARTBEAT_SECONDS:
            self._beat(trainer, task)

    def _should_stop(self, trainer: pl.Trainer, step: int) -> bool:
        asked = self._stop or self.folder.stop_request.exists()
        if trainer.world_size == 1:
            return asked
        # One process may see the request a step before another; stopping alone would leave the others waiting for it.
        return step % _AGREE_EVERY == 0 and trainer.strategy.reduce_boolean_decision(asked, all=False)

    def on_validation_batch_end(self, trainer: pl.Trainer, task: LensTask, *_: Any) -> None:
        if trainer.training and time.perf_counter() - self._beat_time > _HEARTBEAT_SECONDS:
            self._beat(trainer, task)

    def on_validation_start(self, trainer: pl.Trainer, _: LensTask) -> None:
        self._validation_start = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, _: LensTask) -> None:
        # Validation is not training speed.
        self._mark_time += time.perf_counter() - self._validation_start

    def _beat(self, trainer: pl.Trainer, task: LensTask) -> None:
        self._beat_time = time.perf_counter()
        done = task.step - self._mark_step
        if done > 0:
            self._speed = done * self.batch_size / (self._beat_time - self._mark_time)
        if trainer.is_global_zero:
            left = (task.total_steps - task.step) * self.batch_size
            eta = left / self._speed if self._speed > 0 else None
            # Measured since the beat before.
            self._used = {
                "cpu_percent": self._process.cpu_percent(),
                "memory_bytes": self._process.memory_info().rss,
                "device_memory_bytes": torch.cuda.max_memory_allocated(task.device) if task.device.type == "cuda" else None,
            }
            facts = {"state": "running", "device": self._device, "updated": now(), **self._used}
            self.folder.update(step=task.step, images_per_second=self._speed, eta_s=eta, **facts)

    def on_train_epoch_end(self, trainer: pl.Trainer, task: LensTask) -> None:
        self._beat(trainer, task)
        # Reading the metrics averages them over the processes, so every process has to read them.
        row = {name: float(value) for name, value in trainer.callback_metrics.items() if self._fresh(trainer, name)}
        if trainer.is_global_zero:
            row = self._row(trainer, task) | row
            self._metrics.append(row)
            for logger in trainer.loggers:
                # The step over all resumptions, which Lightning does not know.
                logger.log_metrics(row, step=task.step)
        self._mark_step, self._mark_time = task.step, time.perf_counter()

    def _row(self, trainer: pl.Trainer, task: LensTask) -> dict[str, float]:
        return {
            "step": task.step,
            "epoch": task.step / trainer.datamodule.plan.steps_per_epoch,
            "learning_rate": max(group["lr"] for group in trainer.optimizers[0].param_groups),
            "images_per_second": self._speed,
            "cpu_percent": self._used["cpu_percent"],
            "memory_gb": self._used["memory_bytes"] / 1e9,
        }

    def _fresh(self, trainer: pl.Trainer, name: str) -> bool:
        """Validation figures of an earlier interval stay in Lightning's table; only this interval's belong in its row."""
        return not name.startswith("validation_") or getattr(self, "_validated_at", None) == trainer.current_epoch

    def on_validation_epoch_end(self, trainer: pl.Trainer, _: LensTask) -> None:
        self._validated_at = trainer.current_epoch


def device_name(device: torch.device) -> str:
    """What a run computes on, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"
