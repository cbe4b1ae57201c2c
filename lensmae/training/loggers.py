"""Loggers beside the CSV that every run writes: Lightning's own, where their package is installed."""

import importlib.util
import os
from typing import TYPE_CHECKING

from lensmae.errors import RunError
from lensmae.training.config import RunConfig
from lensmae.training.folder import RunFolder

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

# What Lightning's loggers import, and what to install for it.
_PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX"), "mlflow": ("mlflow", "mlflow_skinny"), "wandb": ("wandb",)}


def check_logger(name: str) -> None:
    """Raise `RunError` where a logger's package is not installed."""
    packages = _PACKAGES.get(name, ())
    if packages and not any(importlib.util.find_spec(package) for package in packages):
        raise RunError(f"The logger {name} needs the package {packages[0]}, which is not installed: pip install {packages[0]}.")


def run_logger(folder: RunFolder, config: RunConfig) -> "Logger | bool":
    """The logger a run asked for, or False. What it writes lies in the run's folder, unless its own settings say otherwise."""
    check_logger(config.logger)
    if config.logger == "csv":
        return False
    from pytorch_lightning import loggers

    if config.logger == "tensorboard":
        return loggers.TensorBoardLogger(folder.path, name="tensorboard", version="")
    if config.logger == "mlflow":
        # MLflow keeps no files any more unless it is told to; MLFLOW_TRACKING_URI sends them to a server instead.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        return loggers.MLFlowLogger("lensmae", run_name=folder.id, save_dir=str(folder.path / "mlruns"))
    return loggers.WandbLogger(name=folder.id, save_dir=folder.path, project="lensmae")
