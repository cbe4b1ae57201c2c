"""The kinds of training. A new one is a configuration in `lensmae.training.config`, a module here, and a line below.

Configurations stand apart, because pages and commands read them without loading Lightning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from lensmae.data import LensDataset
from lensmae.models.checkpoint import CheckpointCard
from lensmae.training.config import RunConfig
from lensmae.training.kinds import classifier, mass, pretrain, superres
from lensmae.training.kinds.task import LensTask


@dataclass(frozen=True)
class Kind:
    """How one kind of training is done.

    Attributes:
        start: configuration, data set and training rows (N,) -> card without metrics, and the network that begins.
        task: the Lightning module.
        finished: card and the run's own account (training, data, metrics, created) -> what changes on the card at the end.
    """

    start: Callable[[Any, LensDataset, np.ndarray], tuple[CheckpointCard, nn.Module]]
    task: type[LensTask]
    finished: Callable[[CheckpointCard, dict[str, Any]], dict[str, Any]] = lambda _, account: account


KINDS: dict[str, Kind] = {
    "pretrain": Kind(pretrain.start, pretrain.PretrainTask),
    "classifier": Kind(classifier.start, classifier.ClassifierTask),
    "mass": Kind(mass.start, mass.MassTask, mass.finished_card),
    "superres": Kind(superres.start, superres.SuperResTask),
}


def start_network(config: RunConfig, dataset: LensDataset, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
    """Card (without metrics) and network of a run that begins; `train_rows` (N,) int. Raises `LensMAEError` where the data set or
    the checkpoint it starts from does not fit."""
    return KINDS[config.kind].start(config, dataset, train_rows)
