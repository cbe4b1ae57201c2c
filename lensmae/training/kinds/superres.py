"""Super-resolution fine-tuning on LR/HR pairs (`SuperResConfig`): how the network begins, and what it learns from."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.transforms import Transform
from lensmae.errors import DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, encoder_architecture
from lensmae.training.config import SuperResConfig
from lensmae.training.feed import Batch
from lensmae.training.kinds.start import check_pairs, continued, fitted, start_encoder
from lensmae.training.kinds.task import LensTask


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


class SuperResTask(LensTask):
    """Charbonnier loss on HR pixels (Charbonnier et al. 1994), in flux."""

    def loss(self, batch: Batch) -> Tensor:
        error = self._train_network(batch.images, self.transform.forward(batch.images)) - batch.targets
        width = self.config.charbonnier
        return (torch.sqrt(error.square() + width**2) - width).mean()

    def reconstruct(self, rows: np.ndarray) -> Tensor:
        flux = self.pixels(rows)
        return self.final_network()(flux, self.transform.forward(flux))

    def validation_step(self, rows: np.ndarray, _: int) -> None:
        flux, target = self.pixels(rows), self.pixels(rows, self.trainer.datamodule.dataset.targets)
        mse = (self.final_network()(flux, self.transform.forward(flux)) - target).square().mean(dim=(1, 2, 3))
        self.log("validation_loss", mse.mean(), batch_size=len(rows), sync_dist=True, logger=False)
        self.log("validation_psnr", (-10 * torch.log10(mse)).mean(), batch_size=len(rows), sync_dist=True, logger=False)
