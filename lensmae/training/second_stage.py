"""A network for the axion mass, given to a trained classifier: how such a run begins, and what its checkpoint says."""

from typing import Any

import numpy as np
import torch
from torch import nn

from lensmae.data.symmetry import ELEMENTS
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, read_network
from lensmae.models.classifier import LensClassifier
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import MassConfig

# Lenses that the scale of the components is measured on.
_FIT_IMAGES = 5000


def start_second_stage(config: MassConfig, dataset: Any, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
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


def second_stage_card(card: CheckpointCard, stage: dict[str, Any]) -> dict[str, Any]:
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
