"""Lightning callbacks that keep a run's folder up to date: resumable saves, the curve, the heartbeat, the stop request."""

import os
import signal
import time
from typing import Any

import pytorch_lightning as pl

from lensmae.training.folder import MetricsFile, RunFolder, now
from lensmae.training.modules import LensTask

_HEARTBEAT_SECONDS = 2.0


class Saver(pl.Callback):
    """Writes `last.ckpt` atomically after every interval of `save_every` steps."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def on_train_epoch_end(self, trainer: pl.Trainer, _: LensTask) -> None:
        # Every process takes part (sharded strategies gather their weights); only the first has written when it returns.
        temporary = self.folder.checkpoint.with_suffix(".tmp")
        trainer.save_checkpoint(temporary, weights_only=False)
        if trainer.is_global_zero:
            os.replace(temporary, self.folder.checkpoint)


class Follower(pl.Callback):
    """Writes the curve and the heartbeat, from the first process only; watches for a request to stop, in every process."""

    def __init__(self, folder: RunFolder, batch_size: int) -> None:
        self.folder = folder
        self.batch_size = batch_size
        self._stop = False

    def on_train_start(self, trainer: pl.Trainer, task: LensTask) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        self._metrics = MetricsFile(self.folder.metrics, task.step)
        self._beat_time = self._mark_time = time.perf_counter()
        self._mark_step = task.step
        self._speed = 0.0
        self._beat(trainer, task)

    def _request_stop(self, *_: Any) -> None:
        self._stop = True

    def on_train_batch_end(self, trainer: pl.Trainer, task: LensTask, *_: Any) -> None:
        if self._stop or self.folder.stop_request.exists():
            trainer.should_stop = True
        if time.perf_counter() - self._beat_time > _HEARTBEAT_SECONDS:
            self._beat(trainer, task)

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
            self.folder.update(step=task.step, images_per_second=self._speed, eta_s=eta, state="running", updated=now())

    def on_train_epoch_end(self, trainer: pl.Trainer, task: LensTask) -> None:
        self._beat(trainer, task)
        # Reading the metrics averages them over the processes, so every process has to read them.
        row = {name: float(value) for name, value in trainer.callback_metrics.items() if self._fresh(trainer, name)}
        if trainer.is_global_zero:
            epoch = task.step / trainer.datamodule.plan.steps_per_epoch
            rate = max(group["lr"] for group in trainer.optimizers[0].param_groups)
            self._metrics.append(
                {"step": task.step, "epoch": epoch, "learning_rate": rate, "images_per_second": self._speed, **row}
            )
        self._mark_step, self._mark_time = task.step, time.perf_counter()

    def _fresh(self, trainer: pl.Trainer, name: str) -> bool:
        """Validation figures of an earlier interval stay in Lightning's table; only this interval's belong in its row."""
        return not name.startswith("validation_") or getattr(self, "_validated_at", None) == trainer.current_epoch

    def on_validation_epoch_end(self, trainer: pl.Trainer, _: LensTask) -> None:
        self._validated_at = trainer.current_epoch
