"""A network for the axion mass, given to a trained classifier (`MassConfig`): its start, what it learns, what its card says."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.symmetry import ELEMENTS
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, read_network
from lensmae.models.classifier import LensClassifier
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import MassConfig
from lensmae.training.feed import Batch
from lensmae.training.kinds.task import LensTask

# Lenses that the scale of the components is measured on.
_FIT_IMAGES = 5000


def start(config: MassConfig, dataset: LensDataset, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
    """Card and network of `config.init` with a fresh mass network, measured on the training lenses."""
    card, classifier = read_network(find_checkpoint(config.init))
    whitening = getattr(classifier, "whitening", None)
    if not isinstance(classifier, LensClassifier) or whitening is None:
        raise CheckpointError(
            f"{config.init} cannot be given a mass network: that reads the components which a classifier whitens its input with "
            "(`lensmae train classifier --whitening 400`), and it has none."
        )
    size = whitening.image_size
    if dataset.images.shape[1:] != (size, size):
        height, width = dataset.images.shape[1:]
        raise DatasetError(f"Data set {dataset.name} has {height}x{width} images; {config.init} takes {size}x{size}.")
    if not set(ELEMENTS[config.symmetry]) <= set(ELEMENTS[card.symmetry]):
        raise CheckpointError(
            f"{config.init} did not learn from lenses turned by {config.symmetry}; train with symmetry set to {card.symmetry}."
        )
    architecture = {name: value for name, value in card.architecture.items() if name != "mass_head"}
    architecture |= {"mass_network": {"width": config.width, "layers": config.layers}}
    torch.manual_seed(config.seed)
    network = build_network("classifier", architecture)
    state = {name: tensor for name, tensor in classifier.state_dict().items() if not name.startswith("mass.")}
    network.load_state_dict(state, strict=False)
    rows = np.sort(np.random.default_rng(config.seed).permutation(train_rows)[:_FIT_IMAGES])
    flux = torch.from_numpy(np.asarray(dataset.images[rows], dtype=np.float32)).unsqueeze(1)
    with torch.no_grad():
        network.mass.fit(network.whitening.components(card.transform.forward(flux)))
    return card.model_copy(update={"architecture": architecture}), network


def finished_card(card: CheckpointCard, stage: dict[str, Any]) -> dict[str, Any]:
    """What changes on the card of a classifier that was given a mass network: `stage` is the run's own account."""
    figures = stage["metrics"].get("validation", {})
    # The figures of the test split are those of the classifier before; whoever wants both measures anew.
    metrics = {"validation": card.metrics.get("validation", {}) | {f"mass_{k}": v for k, v in figures.items()}}
    return {
        "training": card.training | {"mass": stage["training"]},
        "data": card.data | {"mass": stage["data"]},
        "metrics": metrics,
        "created": stage["created"],
    }


class MassTask(LensTask):
    """Huber loss (over its width) of log10 of the axion mass; only the classifier's mass network learns."""

    def __init__(self, network: nn.Module, *rest: Any) -> None:
        super().__init__(network.requires_grad_(False), *rest)
        network.mass.requires_grad_(True)

    def answer(self, inputs: Tensor) -> Tensor:
        return self.network.log_mass(inputs)

    def _masses(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.trainer.datamodule.log_masses[rows]).to(self.device)

    def loss(self, batch: Batch) -> Tensor:
        estimate = self._train_network(self.transform.forward(batch.images))
        return F.smooth_l1_loss(estimate, batch.log_masses, beta=self.config.huber)

    def validation_step(self, rows: np.ndarray, _: int) -> None:
        error = self.final_network().log_mass(self.transform.forward(self.pixels(rows))) - self._masses(rows)
        self.log("validation_loss", error.square().mean(), batch_size=len(rows), sync_dist=True, logger=False)
        self.log("validation_mass_dex", error.abs().mean(), batch_size=len(rows), sync_dist=True, logger=False)
