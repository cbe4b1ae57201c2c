"""Loggers beside the CSV that every run writes: Lightning's own, where their package is installed."""

import importlib.util
import os
import uuid
from typing import TYPE_CHECKING

from lensmae.errors import RunError
from lensmae.training.config import RunConfig
from lensmae.training.folder import RunFolder
from lensmae.workspace import write_text

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger, MLFlowLogger

# What Lightning's loggers import, and what to install for it.
_PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX"), "mlflow": ("mlflow", "mlflow_skinny"), "wandb": ("wandb",)}


def check_logger(name: str) -> None:
    """Raise `RunError` where a logger's package is not installed."""
    packages = _PACKAGES.get(name, ())
    if packages and not any(importlib.util.find_spec(package) for package in packages):
        raise RunError(f"The logger {name} needs the package {packages[0]}, which is not installed: pip install {packages[0]}.")


def run_logger(folder: RunFolder, config: RunConfig) -> "Logger | bool":
    """The logger a run asked for, or False. What it writes lies in the run's folder, unless its own settings say otherwise.

    A resumed run goes on with the curve that it began: its id there is kept in the run's folder.
    """
    check_logger(config.logger)
    if config.logger == "csv":
        return False
    from pytorch_lightning import loggers

    if config.logger == "tensorboard":
        return loggers.TensorBoardLogger(folder.path, name="tensorboard", version="")
    if config.logger == "mlflow":
        # MLflow keeps no files any more unless it is told to; MLFLOW_TRACKING_URI sends them to a server instead.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        return _mlflow(folder)
    known = folder.logger_id
    if not known.is_file():
        write_text(known, uuid.uuid4().hex)
    return loggers.WandbLogger(name=folder.id, save_dir=folder.path, project="lensmae", version=known.read_text())


def _mlflow(folder: RunFolder) -> "MLFlowLogger":
    """MLflow's run of a run: the one that it began, where MLflow still has it, else a new one."""
    from mlflow.exceptions import MlflowException
    from pytorch_lightning.loggers import MLFlowLogger
    from pytorch_lightning.utilities import rank_zero_only

    how = {"run_name": folder.id, "save_dir": str(folder.path / "mlruns")}
    if folder.logger_id.is_file():
        began = MLFlowLogger("lensmae", run_id=folder.logger_id.read_text(), **how)
        try:
            # Of several processes the first alone speaks with MLflow.
            if rank_zero_only.rank == 0:
                began.experiment.update_run(began.run_id, status="RUNNING")
            return began
        except MlflowException as problem:
            print(f"MLflow does not have the run that it began any more ({problem}); another one is begun.", flush=True)
    logger = MLFlowLogger("lensmae", **how)
    if rank_zero_only.rank == 0:
        write_text(folder.logger_id, logger.run_id)
    return logger
