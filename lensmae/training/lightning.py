"""Lightning without its advice, and without what LensMAE does itself."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl

from lensmae.training.config import RunConfig


@contextlib.contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep what does not concern a user out of a run's log."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # Where there is a Slurm, its use is a choice.
        warnings.filterwarnings("ignore", message=".*`srun` command is available.*")
        # The loader only counts steps, so its workers and its mid-epoch state do not matter.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
        yield


def bare_trainer(config: RunConfig, **options: Any) -> pl.Trainer:
    """Lightning's trainer for a configuration: its module counts steps over all resumptions and ends the loop itself, its data
    module shares images out among devices, and its callbacks save. `options` are the trainer's other arguments."""
    return pl.Trainer(
        accelerator=config.accelerator,
        precision=config.precision,
        max_epochs=-1,
        gradient_clip_val=config.clip,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        **options,
    )
