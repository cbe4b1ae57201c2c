"""Super-resolution fine-tuning on LR/HR pairs: its configuration and recipes, how the network begins, what it learns."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.transforms import Transform
from lensmae.errors import DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, encoder_architecture
from lensmae.training.config import FineTuneConfig
from lensmae.training.kinds.kind import Kind, Objective
from lensmae.training.kinds.recipes import CPU, FROM_SCRATCH, GPU
from lensmae.training.kinds.start import check_pairs, continued, fitted, start_encoder
from lensmae.training.loading.feed import Batch


class SuperResConfig(FineTuneConfig):
    """Super-resolution fine-tuning on LR/HR pairs."""

    labelled: ClassVar[bool] = False
    pairs: ClassVar[bool] = True

    kind: Literal["superres"] = "superres"
    backbone: Literal["vit", "edsr"] = Field("vit", description="network; edsr is the convolutional baseline")
    batch_size: int = Field(16, ge=1, le=65_536, description="images a step, over all devices together")
    width: int = Field(48, ge=4, le=1024, description="channels of the convolutions after the encoder")
    depth: int = Field(4, ge=1, le=64, description="convolutions after the encoder")
    charbonnier: float = Field(1e-3, gt=0, description="width of the quadratic core of the Charbonnier loss, in flux")


# The depth of EDSR after the encoder: with 2,560 image passes 42.63 dB where 4 convolutions of 48 channels had 42.54 (validation
# pairs, measured), at the same speed where the processor multiplies in bfloat16.
_DEEP = {"width": 64, "depth": 16}
# On from a super-resolver of one kind of pairs: small steps, lest it forget those.
_SHORT = {"batch_size": 16, "learning_rate": 2e-4, "warmup": 0.05, "weight_decay": 0.01, "ema_decay": 0.998}

# `edsr` is the baseline; `generalist-cpu` learns from pairs of many cameras, simulated at every step.
RECIPES: dict[str, dict[str, Any]] = {
    "reference": _DEEP | GPU | {"epochs": 50, "learning_rate": 5e-4, "ema_decay": 0.999},
    "reference-cpu": _DEEP | CPU | {"epochs": 3, "batch_size": 8, "learning_rate": 1e-3, "ema_decay": 0.998},
    "generalist-cpu": {"data": "simulate:generalist", "init": "superres", "epochs": 0.2, "layer_decay": 1.0} | _SHORT | CPU,
    "edsr": FROM_SCRATCH | {"backbone": "edsr", "width": 64, "depth": 8, "epochs": 50, "learning_rate": 5e-4},
    "demo": FROM_SCRATCH | {"backbone": "edsr", "width": 32, "depth": 4, "epochs": 20, "batch_size": 8, "save_every": 10},
}
# Figures: checkpoints/RESULTS.md; bicubic interpolation has 41.74 dB there, and 42.77 dB is about the most that can be had.
ADVICE = {
    "reference": "The encoder of an MAE and 16 convolutions behind it, on a GPU: 42.76 dB. So `superres` began.",
    "reference-cpu": "The same, cut to what two cores do in an hour or so.",
    "generalist-cpu": "On from `superres` with pairs of every preset, simulated anew at every step: several PSFs and noises, "
    "with and without lens light, halved in two ways. So `superres` went on, 42.75 dB.",
    "edsr": "The baseline: a convolutional network, 42.76 dB in as long a training.",
    "demo": "A small EDSR on a few pairs, in half a minute of two cores: 42.4 dB of 60 pairs, where bicubic interpolation has "
    "41.5 and their noise allows 42.6.",
}


def start(config: SuperResConfig, dataset: LensDataset, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
    """Card (without metrics) and network of a run that begins: with the encoder of `config.init` where that is an MAE, with the
    whole network where it is a super-resolver."""
    torch.manual_seed(config.seed)
    check_pairs(config, dataset, wanted=True)
    linear = Transform(stretch="linear", gain=1.0, per_image_peak=False)
    card, source = start_encoder(config, dataset, lambda: fitted(linear, config, dataset, train_rows))
    scale = dataset.targets.shape[1] // dataset.images.shape[1]
    begun = continued(config, card, source)
    if begun is not None:
        if begun[0].architecture["scale"] != scale:
            raise DatasetError(
                f"{config.init} makes {begun[0].architecture['scale']} times as many pixels; the pairs of {dataset.name} have "
                f"{scale} times as many."
            )
        return begun
    architecture = _architecture(config, scale, dataset, card)
    network = build_network("superres", architecture)
    if source is not None:
        network.encoder.load_state_dict(source.encoder.state_dict())
    return CheckpointCard(kind="superres", architecture=architecture, transform=card.transform), network


def _architecture(config: SuperResConfig, scale: int, dataset: LensDataset, card: CheckpointCard) -> dict[str, Any]:
    if config.backbone == "edsr":
        options = {"width": config.width, "depth": config.depth, "image_size": dataset.images.shape[1]}
        return {"backbone": "edsr", "scale": scale, **options}
    encoder = encoder_architecture(card) | {"drop_path": config.drop_path}
    return {"encoder": encoder, "scale": scale, "width": config.width, "depth": config.depth}


class SuperResObjective(Objective):
    """Charbonnier loss on HR pixels (Charbonnier et al. 1994), in flux."""

    draws = True

    def loss(self, network: nn.Module, batch: Batch, step: int, answer: Callable[..., Any]) -> Tensor:
        """As of `Objective`."""
        error = answer(batch.images, self.transform.forward(batch.images)) - batch.targets
        width = self.config.charbonnier
        return (torch.sqrt(error.square() + width**2) - width).mean()

    def reconstruct(self, network: nn.Module, flux: Tensor, rows: np.ndarray) -> Tensor:
        """As of `Objective`: the HR images."""
        return network(flux, self.transform.forward(flux))

    def validation_metrics(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """As of `Objective`: the mean squared error in flux squared, and the mean PSNR in dB for a peak of 1."""
        mse = (self.reconstruct(network, batch.images, batch.share) - batch.targets).square().mean(dim=(1, 2, 3))
        return {"validation_loss": mse.mean(), "validation_psnr": (-10 * torch.log10(mse)).mean()}


KIND = Kind(
    "Super-resolver",
    "superres",
    SuperResConfig,
    RECIPES,
    ADVICE,
    start,
    SuperResObjective,
    starts_from=lambda card: card.kind in ("mae", "superres"),
)
