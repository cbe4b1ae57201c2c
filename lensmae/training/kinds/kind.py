"""What makes a kind of training: plain objects, which pages and commands read without loading Lightning."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.transforms import Transform
from lensmae.models.checkpoint import CheckpointCard
from lensmae.training.config import RunConfig
from lensmae.training.loading.feed import Batch, Feed


class Objective(abc.ABC):
    """What a network learns, and what is measured of it on validation images; `lensmae.training.task` runs it in a loop.

    Args:
        config: of the run.
        transform: flux to network input.
        total_steps: of the whole run.

    Attributes:
        draws: whether `reconstruct` gives images, which the film of a run shows.
    """

    draws = False

    def __init__(self, config: Any, transform: Transform, total_steps: int) -> None:
        self.config = config
        self.transform = transform
        self.total_steps = total_steps

    def prepare(self, network: nn.Module) -> None:  # noqa: B027 - most kinds train all weights
        """Say which weights are trained, before the optimiser is built."""

    def answer(self, network: nn.Module, *inputs: Any, **options: Any) -> Any:
        """What the loss needs of the network; compiled where the configuration says so."""
        return network(*inputs, **options)

    def loss_scale(self, network: nn.Module) -> Tensor | float:
        """Factor on the loss, so that its gradients have a size that the optimiser's fixed constants suit."""
        return 1.0

    @abc.abstractmethod
    def loss(self, network: nn.Module, batch: Batch, step: int, answer: Callable[..., Any]) -> Tensor:
        """Training loss of this process's part of a step's batch.

        Args:
            network: that is trained.
            batch: this process's part.
            step: of the run, from 0.
            answer: as the method of this name, of this network.
        """

    @abc.abstractmethod
    def validation_metrics(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Metrics of a part of the validation images, averaged over them; `batch.share` are its rows of the data set."""

    def epoch_metrics(self) -> dict[str, Tensor]:
        """Metrics of all validation images together, from what `validation_metrics` kept since the last call."""
        return {}

    def reconstruct(self, network: nn.Module, flux: Tensor, rows: np.ndarray) -> Tensor:
        """What a network makes of images (B, 1, H, W) flux, those of `rows` (B,) of the data set; (B, 1, H2, W2) flux."""
        raise NotImplementedError(f"{type(self).__name__} makes no images.")

    def hidden(self, network: nn.Module, rows: np.ndarray) -> np.ndarray | None:
        """Patches (B, gh, gw) that `reconstruct` hides of these rows, True = hidden; None where it hides none."""
        return None


@dataclass(frozen=True)
class Kind:
    """How one kind of training is done.

    Attributes:
        title: on pages.
        makes: kind of the network, as its card says it; the page that shows such networks opens the run's.
        config: its run configuration; the field `kind` is its name.
        recipes: overrides of the configuration's defaults, by name.
        advice: what each recipe is for, and what it has reached, a sentence or two for whoever chooses.
        start: configuration, data set and training rows (N,) -> card without metrics, and the network that begins.
        objective: what the network learns.
        fitted_first: fits a part of the network of a run that begins to its first batches: configuration, card, network, feed.
        finished: card and the record of the run (training, data, metrics, created) -> what changes on the card at the end.
        starts_from: which checkpoints `init` may name.
        from_scratch: whether `init` may be "scratch".
        needs_class: class that a data set must have; empty for none.
    """

    title: str
    makes: str
    config: type[RunConfig]
    recipes: Mapping[str, Mapping[str, Any]]
    advice: Mapping[str, str]
    start: Callable[[Any, LensDataset, np.ndarray], tuple[CheckpointCard, nn.Module]]
    objective: type[Objective]
    fitted_first: Callable[[Any, CheckpointCard, nn.Module, Feed], None] = lambda *_: None
    finished: Callable[[CheckpointCard, dict[str, Any]], dict[str, Any]] = lambda _, account: account
    starts_from: Callable[[CheckpointCard], bool] = lambda card: card.kind == "mae"
    from_scratch: bool = True
    needs_class: str = ""

    @property
    def name(self) -> str:
        """As in commands and records."""
        return str(self.config.model_fields["kind"].default)

    @property
    def pairs(self) -> bool:
        """Whether it learns from LR/HR pairs."""
        return self.config.pairs
