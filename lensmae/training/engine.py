"""Train one run in this process (or as one of its processes): Lightning's loop around our modules."""

import math
import os
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import SLURMEnvironment
from pytorch_lightning.profilers import Profiler

from lensmae.data import LensDataset
from lensmae.errors import LensMAEError, RunError
from lensmae.folders import disk_is_full
from lensmae.jobs import JobOptions, JobRecord, slurm
from lensmae.models.arithmetic import take_fast_float32
from lensmae.models.checkpoint import CheckpointCard, build_network, save_checkpoint
from lensmae.training.callbacks import Filmer, Finite, Follower, SafeWriter, Saver
from lensmae.training.config import RunConfig, settled
from lensmae.training.folder import MetricsFile, RunFolder, now
from lensmae.training.kinds.registry import KINDS, start_network
from lensmae.training.lightning import bare_trainer, quiet_lightning
from lensmae.training.loading.datamodule import LensData, open_data
from lensmae.training.loggers import run_logger
from lensmae.training.task import LensTask
from lensmae.workspace import read_json, write_json, write_text


def train(folder: RunFolder, progress: bool = False, profiler: Profiler | None = None) -> Path | None:
    """Run or resume a run to its end; the product's path, or None where it was asked to stop.

    A failure is written into the run's status before it is raised.

    Args:
        folder: the run.
        progress: show a progress bar.
        profiler: Lightning's, for measurements.
    """
    config = folder.config()
    if folder.stored_status().state == "finished":
        raise RunError(f"Run {folder.id} is finished; its model is {folder.product}.")
    if not _first():
        return _fit(folder, config, progress, profiler)
    with folder.alone():
        process = psutil.Process()
        _forget_old_stop(folder, process.create_time())
        mine = {"pid": process.pid, "pid_started": process.create_time(), "host": socket.gethostname()}
        folder.update(state="running", message="", updated=now(), **mine)
        _note_slurm(folder)
        try:
            folder.keep_reserve()
            return _fit(folder, config, progress, profiler)
        except BaseException as problem:
            folder.make_room()
            reason = _reason(problem, folder)
            folder.update(state="failed", eta_s=None, message=reason, updated=now())
            if isinstance(problem, Exception) and not isinstance(problem, LensMAEError) and reason != _unexpected(problem):
                raise RunError(reason) from problem
            raise
        finally:
            folder.reserve.unlink(missing_ok=True)


def _note_slurm(folder: RunFolder) -> None:
    """A job that was submitted by hand is known like one of ours, so that its state can be asked for."""
    number, known = os.environ.get("SLURM_JOB_ID"), folder.job()
    if number and SLURMEnvironment.detect() and (known is None or known.id != number):
        job = JobRecord(executor="slurm", id=number, submitted=time.time(), options=JobOptions(executor="slurm"))
        write_json(folder.path / "job.json", job.model_dump())


def _first() -> bool:
    """Whether this is the first process of the run, which alone speaks for it."""
    return int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or os.environ.get("LOCAL_RANK") or 0) == 0


def _forget_old_stop(folder: RunFolder, began: float) -> None:
    """A request to stop that is older than this process was meant for another one."""
    if folder.stop_request.is_file() and folder.stop_request.stat().st_mtime < began:
        folder.stop_request.unlink(missing_ok=True)


def _unexpected(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


def _reason(problem: BaseException, folder: RunFolder) -> str:
    """Why a run failed, and what to do, in plain words."""
    if isinstance(problem, LensMAEError):
        return str(problem)
    if isinstance(problem, OSError) and disk_is_full(problem):
        said = problem.strerror or str(problem)
        return f"Nothing more can be written to {folder.path}: {said}. Free some space and resume; {_kept(folder)}"
    if isinstance(problem, torch.OutOfMemoryError) or "can't allocate memory" in str(problem):
        return f"The memory of the device is not enough. Start again with a smaller batch size or network; {_kept(folder)}"
    return _unexpected(problem)


def _kept(folder: RunFolder) -> str:
    there = folder.checkpoint.is_file()
    return "the run goes on from its last save." if there else "nothing was saved yet."


def _fit(folder: RunFolder, given: RunConfig, progress: bool, profiler: Profiler | None) -> Path | None:
    config = settled(given)
    if config is not given and _first():
        # Wherever the run is resumed, it goes on in the number format that it began with.
        write_json(folder.path / "config.json", config.model_dump())
    data = open_data(config)
    card, task = _task(folder, config, data.dataset, data)
    if _first():
        folder.update(total_steps=data.total_steps)
    resume = folder.checkpoint if folder.checkpoint.is_file() else None
    with quiet_lightning():
        trainer = _trainer(folder, config, data, progress, profiler)
        trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=True)
    if task.step < data.total_steps:
        if trainer.is_global_zero:
            _stopped(folder)
        return None
    if trainer.is_global_zero:
        _save_product(folder, config, card, task, data)
        folder.update(state="finished", step=task.step, eta_s=0.0, message="", updated=now())
    trainer.strategy.barrier("product")
    return folder.product


def _stopped(folder: RunFolder) -> None:
    """Say why a run ended before its end. Where Slurm ended it, for another job or for its time limit, queue it again."""
    job, asked = os.environ.get("SLURM_JOB_ID"), folder.stop_request.exists() or not SLURMEnvironment.detect()
    folder.stop_request.unlink(missing_ok=True)
    if not job or asked:
        message = "Stopped on request; resume continues from here."
        folder.update(state="stopped", eta_s=None, message=message, updated=now())
        return
    # Where Slurm cancelled the job, nothing will start it again, and `RunFolder.status` will find that out.
    message = "Slurm needed the node, or the time was up; the run goes on when Slurm starts it again."
    folder.update(state="queued", eta_s=None, message=message, updated=now())
    if slurm.job_state(job) == "RUNNING":
        # What ends by itself is not started again unless asked for; this ends our process.
        try:
            slurm.requeue(job)
        except RunError as problem:
            folder.update(state="stopped", message=f"{problem} Resume goes on from here.", updated=now())


def _task(folder: RunFolder, config: RunConfig, dataset: LensDataset, data: LensData) -> tuple[CheckpointCard, LensTask]:
    """The module to train. What a run began with stays: on resuming, size and transform come from its own card."""
    if folder.card.is_file() and folder.checkpoint.is_file():
        card = CheckpointCard.model_validate(read_json(folder.card, RunError))
        network = build_network(card.kind, card.architecture)
    else:
        card, network = start_network(config, dataset, data.training_rows)
        KINDS[config.kind].fitted_first(config, card, network, data.feed)
        write_text(folder.card, card.model_dump_json(indent=2))
    return card, LensTask(network, KINDS[config.kind].objective(config, card.transform, data.total_steps))


def _trainer(folder: RunFolder, config: RunConfig, data: LensData, progress: bool, profiler: Profiler | None) -> pl.Trainer:
    if config.strategy == "fsdp" and config.ema_decay > 0:
        raise RunError("A weight average (ema_decay > 0) cannot be kept with strategy fsdp; set ema_decay to 0 or use ddp.")
    # Lightning's own way of requeueing would save in a format of its own; ours saves and asks Slurm itself.
    plugins: list[Any] = [SLURMEnvironment(auto_requeue=False)] if SLURMEnvironment.detect() else []
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")
    else:
        take_fast_float32()
    return bare_trainer(
        config,
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=config.strategy,
        check_val_every_n_epoch=config.validate_every,
        enable_progress_bar=progress,
        profiler=profiler,
        logger=run_logger(folder, config),
        log_every_n_steps=1,
        default_root_dir=folder.path,
        plugins=[*plugins, SafeWriter()],
        # In this order: what is no number is neither drawn nor saved.
        callbacks=[Finite(), Follower(folder, min(config.batch_size, len(data.plan.indices))), Filmer(folder), Saver(folder)],
    )


def _save_product(folder: RunFolder, config: RunConfig, card: CheckpointCard, task: LensTask, data: LensData) -> None:
    # From the curve, not from Lightning: a run that was killed between its last save and here has validated already.
    last = MetricsFile(folder.metrics, task.step).rows[-1:]
    figures = {k: v for row in last for k, v in row.items() if k.startswith("validation_") and math.isfinite(v)}
    info = data.dataset.info
    identity = {"name": info.name, "preset": info.preset, "seed": info.seed, "fingerprint": info.fingerprint}
    identity |= {"shape": list(info.shape), "pixel_scale": info.pixel_scale}
    finished = {
        "training": {"config": config.model_dump(), "run": folder.id, "steps": task.step},
        "data": identity | {"training_lenses": len(data.plan.indices), "classes": list(info.classes)},
        "metrics": {"validation": figures | {"date": now()}} if figures else {},
        "created": now(),
    }
    changes = KINDS[config.kind].finished(card, finished)
    # Validation has done so already, where there was one.
    task.settle()
    save_checkpoint(folder.product, card.model_copy(update=changes), task.final_network())
