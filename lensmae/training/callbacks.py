"""Lightning callbacks that keep a run's folder up to date: resumable saves, the curve, the heartbeat, the stop request."""

import signal
import time
from typing import Any

import pytorch_lightning as pl

from lensmae.training.folder import MetricsFile, RunFolder, now
from lensmae.workspace import replacing

_HEARTBEAT_SECONDS = 2.0


class Saver(pl.Callback):
    """Writes `last.ckpt` atomically after every interval of `save_every` steps."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def on_train_epoch_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        # Every process takes part (sharded strategies gather their weights); only the first writes the file.
        with replacing(self.folder.checkpoint) as temporary:
            trainer.save_checkpoint(temporary, weights_only=False)
            trainer.strategy.barrier("saved")
            if not trainer.is_global_zero:
                temporary.touch()


class Follower(pl.Callback):
    """Writes the curve and the heartbeat, from the first process only; watches for a request to stop, in every process."""

    def __init__(self, folder: RunFolder, batch_size: int, total_steps: int) -> None:
        self.folder = folder
        self.batch_size = batch_size
        self.total_steps = total_steps
        self._stop = False

    def on_train_start(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        self._metrics = MetricsFile(self.folder.metrics, trainer.global_step)
        self._beat_time = self._mark_time = time.perf_counter()
        self._mark_step = trainer.global_step
        self._speed = 0.0
        self._beat(trainer)

    def _request_stop(self, *_: Any) -> None:
        self._stop = True

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if self._stop or self.folder.stop_request.exists():
            trainer.should_stop = True
        if time.perf_counter() - self._beat_time > _HEARTBEAT_SECONDS:
            self._beat(trainer)

    def on_validation_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if not trainer.sanity_checking and time.perf_counter() - self._beat_time > _HEARTBEAT_SECONDS:
            self._beat(trainer)

    def on_validation_start(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        self._validation_start = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        # Validation is not training speed.
        self._mark_time += time.perf_counter() - self._validation_start

    def _beat(self, trainer: pl.Trainer) -> None:
        self._beat_time = time.perf_counter()
        done = trainer.global_step - self._mark_step
        if done > 0:
            self._speed = done * self.batch_size / (self._beat_time - self._mark_time)
        if trainer.is_global_zero:
            left = (self.total_steps - trainer.global_step) * self.batch_size
            eta = left / self._speed if self._speed > 0 else None
            self.folder.update(step=trainer.global_step, images_per_second=self._speed, eta_s=eta, state="running", updated=now())

    def on_train_epoch_end(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        self._beat(trainer)
        if trainer.is_global_zero:
            row = {name: float(value) for name, value in trainer.callback_metrics.items() if self._fresh(trainer, name)}
            epoch = trainer.global_step / trainer.datamodule.plan.steps_per_epoch
            rate = max(group["lr"] for group in trainer.optimizers[0].param_groups)
            self._metrics.append(
                {"step": trainer.global_step, "epoch": epoch, "learning_rate": rate, "images_per_second": self._speed, **row}
            )
        self._mark_step, self._mark_time = trainer.global_step, time.perf_counter()

    def _fresh(self, trainer: pl.Trainer, name: str) -> bool:
        """Validation figures of an earlier interval stay in Lightning's table; only this interval's belong in its row."""
        return not name.startswith("validation_") or getattr(self, "_validated_at", None) == trainer.current_epoch

    def on_validation_epoch_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        self._validated_at = trainer.current_epoch
