"""Train one run in this process (or as one of its processes): Lightning's loop around our modules."""

import logging
import os
import socket
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from lensmae.data import LensDataset, open_dataset
from lensmae.errors import LensMAEError, RunError
from lensmae.models.checkpoint import CheckpointCard, build_network, save_checkpoint
from lensmae.training.callbacks import Follower, Saver
from lensmae.training.config import RunConfig
from lensmae.training.datamodule import LensData
from lensmae.training.folder import RunFolder, now
from lensmae.training.modules import TASKS, LensTask
from lensmae.training.networks import start_network
from lensmae.workspace import read_json, write_text


def train(folder: RunFolder, progress: bool = False) -> Path | None:
    """Run or resume a run to its end; the product's path, or None where it was asked to stop.

    A failure is written into the run's status before it is raised.
    """
    config = folder.config()
    if folder.product.is_file():
        raise RunError(f"Run {folder.id} is finished; its model is {folder.product}.")
    folder.stop_request.unlink(missing_ok=True)
    _record(folder, state="running", pid=os.getpid(), host=socket.gethostname(), message="", updated=now())
    try:
        return _fit(folder, config, progress)
    except BaseException as problem:
        reason = str(problem) if isinstance(problem, LensMAEError) else f"{type(problem).__name__}: {problem}"
        _record(folder, state="failed", eta_s=None, message=reason, updated=now())
        raise


def _record(folder: RunFolder, **changes: Any) -> None:
    """Only the first process of a run speaks for it."""
    if int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or os.environ.get("LOCAL_RANK") or 0) == 0:
        folder.update(**changes)


def _fit(folder: RunFolder, config: RunConfig, progress: bool) -> Path | None:
    dataset = open_dataset(config.data)
    data = LensData(dataset, config)
    card, task = _task(folder, config, dataset, data)
    trainer = _trainer(folder, config, data, progress)
    _record(folder, total_steps=data.total_steps)
    resume = folder.checkpoint if folder.checkpoint.is_file() else None
    with warnings.catch_warnings():
        # The loader only counts steps, so its workers and its mid-epoch state do not matter.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=True)
    if task.step < data.total_steps:
        _record(folder, state="stopped", eta_s=None, message="Stopped as asked; resume goes on from here.", updated=now())
        return None
    if trainer.is_global_zero:
        _save_product(folder, config, card, task, data)
        folder.update(state="finished", step=task.step, eta_s=0.0, message="", updated=now())
    trainer.strategy.barrier("product")
    return folder.product


def _task(folder: RunFolder, config: RunConfig, dataset: LensDataset, data: LensData) -> tuple[CheckpointCard, LensTask]:
    """The module to train. What a run began with stays: on resuming, size and transform come from its own card."""
    if folder.card.is_file() and folder.checkpoint.is_file():
        card = CheckpointCard.model_validate(read_json(folder.card, RunError))
        network = build_network(card.kind, card.architecture)
    else:
        card, network = start_network(config, dataset, data.plan.indices)
        write_text(folder.card, card.model_dump_json(indent=2))
    return card, TASKS[config.kind](network, card.transform, config, data.total_steps)


def _trainer(folder: RunFolder, config: RunConfig, data: LensData, progress: bool) -> pl.Trainer:
    if config.strategy == "fsdp" and config.ema_decay > 0:
        raise RunError("A weight average (ema_decay > 0) cannot be kept with strategy fsdp; set ema_decay to 0 or use ddp.")
    torch.set_float32_matmul_precision("high")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    return pl.Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=config.strategy,
        precision=config.precision,
        # The module counts its steps over all resumptions and ends the loop itself.
        max_epochs=-1,
        gradient_clip_val=config.clip,
        check_val_every_n_epoch=config.validate_every,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=progress,
        enable_model_summary=False,
        logger=False,
        default_root_dir=folder.path,
        callbacks=[Follower(folder, min(config.batch_size, len(data.plan.indices))), Saver(folder)],
    )


def _save_product(folder: RunFolder, config: RunConfig, card: CheckpointCard, task: LensTask, data: LensData) -> None:
    figures = {name: float(value) for name, value in task.trainer.callback_metrics.items() if name.startswith("validation_")}
    info = data.dataset.info
    identity = {"name": info.name, "preset": info.preset, "seed": info.seed, "fingerprint": info.fingerprint}
    finished = {
        "training": {"config": config.model_dump(), "run": folder.id, "steps": task.step},
        "data": identity | {"training_lenses": len(data.plan.indices), "classes": list(info.classes)},
        "metrics": {"validation": figures | {"date": now()}} if figures else {},
        "created": now(),
    }
    save_checkpoint(folder.product, card.model_copy(update=finished), task.final_network())
