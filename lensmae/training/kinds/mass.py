"""A network for the axion mass, given to a trained classifier: configuration, start, what it learns, what its card says."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.symmetry import ELEMENTS, Symmetry
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, read_network
from lensmae.models.classifier import LensClassifier
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import RunConfig
from lensmae.training.kinds.kind import Kind, Objective
from lensmae.training.loading.feed import Batch


class MassConfig(RunConfig):
    """Second stage of a classifier that whitens its input: a network for the axion mass; the classifier itself stays as it is."""

    kind: Literal["mass"] = "mass"
    init: str = Field(
        "classifier-model-ii", description="classifier to give it to (name, run id or path); it must whiten its input"
    )
    width: int = Field(512, ge=8, le=8192, description="units of each hidden layer")
    layers: int = Field(3, ge=1, le=16, description="hidden layers")
    huber: float = Field(0.05, gt=0, description="error in dex beyond which the loss is linear (Huber)")
    epochs: float = Field(60.0, gt=0, le=100_000, description="passes over the training split")
    batch_size: int = Field(256, ge=1, le=65_536, description="images a step, over all devices together")
    warmup: float = Field(0.05, ge=0, le=0.9, description="share of the steps in linear warm-up; cosine to zero after it")
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW weight decay (not on biases, norms and embeddings)")
    symmetry: Symmetry = Field("none", description="turn training images; no further than in the classifier's own training")
    ema_decay: float = Field(
        0.999, ge=0, lt=1, description="final decay a step of the weight average that becomes the model; 0 = none"
    )
    save_every: int = Field(500, ge=1, description="steps between resumable saves and points of the curve")

    def usable(self, dataset: LensDataset) -> np.ndarray:
        """Lenses with an axion mass, (N,) bool. Raises `DatasetError` where the training split has fewer than two."""
        known = np.isfinite(dataset.log_axion_masses)
        if known[dataset.indices("train")].sum() < 2:
            raise DatasetError(
                f"Data set {dataset.name} has no training lenses with an axion mass (column axion_mass_ev) to learn."
            )
        return known


RECIPES: dict[str, dict[str, Any]] = {"reference": {}, "demo": {"epochs": 20, "batch_size": 32, "save_every": 5}}
# Figures: checkpoints/RESULTS.md.
ADVICE = {
    "reference": "Gives a classifier that whitens a network for the axion mass: 0.011 dex (rms) where the vortex is longer than "
    "a pixel, as `classifier-model-ii` has it.",
    "demo": "Shows how a run goes, in a minute or two on a small set.",
}


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
            f"{config.init} was not trained on lenses turned by {config.symmetry}; train with symmetry set to {card.symmetry}."
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


class MassObjective(Objective):
    """Huber loss (over its width) of log10 of the axion mass; only the classifier's mass network learns."""

    def prepare(self, network: LensClassifier) -> None:
        """As of `Objective`."""
        network.requires_grad_(False)
        network.mass.requires_grad_(True)

    def answer(self, network: LensClassifier, *inputs: Any, **options: Any) -> Tensor:
        """log10(axion mass / eV), (B,)."""
        return network.log_mass(*inputs, **options)

    def loss(self, network: LensClassifier, batch: Batch, step: int, answer: Callable[..., Any]) -> Tensor:
        """As of `Objective`."""
        estimate = answer(self.transform.forward(batch.images))
        return F.smooth_l1_loss(estimate, batch.log_masses, beta=self.config.huber)

    def validation_metrics(self, network: LensClassifier, batch: Batch) -> dict[str, Tensor]:
        """As of `Objective`: the loss in dex squared, and the mean error in dex."""
        error = network.log_mass(self.transform.forward(batch.images)) - batch.log_masses
        return {"validation_loss": error.square().mean(), "validation_mass_dex": error.abs().mean()}


KIND = Kind(
    "Axion mass",
    "classifier",
    MassConfig,
    RECIPES,
    ADVICE,
    start,
    MassObjective,
    finished=finished_card,
    starts_from=lambda card: card.kind == "classifier" and bool(card.architecture.get("whitening")),
    from_scratch=False,
    needs_class="axion",
)
