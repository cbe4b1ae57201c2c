"""Run configuration, training, and runs in the background. Importing this package does not import Lightning."""

from lensmae.training.config import RunConfig
from lensmae.training.film import Film, FilmFolder
from lensmae.training.folder import RunStatus, open_run
from lensmae.training.kinds.registry import CONFIGS, KINDS, RECIPES, config_from_record, make_config
from lensmae.training.runs import (
    change_epochs,
    create_or_join_run,
    create_run,
    delete_run,
    end_now,
    get_run,
    launch,
    list_runs,
    read_log,
    read_metrics,
    resume,
    stop,
    train_run,
)

__all__ = [
    "CONFIGS",
    "KINDS",
    "RECIPES",
    "Film",
    "FilmFolder",
    "RunConfig",
    "RunStatus",
    "change_epochs",
    "config_from_record",
    "create_or_join_run",
    "create_run",
    "delete_run",
    "end_now",
    "get_run",
    "launch",
    "list_runs",
    "make_config",
    "open_run",
    "read_log",
    "read_metrics",
    "resume",
    "stop",
    "train_run",
]
