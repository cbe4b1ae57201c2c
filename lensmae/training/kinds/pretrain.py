"""Masked-autoencoder pretraining (`PretrainConfig`): how the network begins, and what it learns from."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.errors import CheckpointError
from lensmae.models.checkpoint import CheckpointCard, build_network
from lensmae.models.mae import MAEViT, masked_loss
from lensmae.models.masking import hidden_from_noise, mask_noise
from lensmae.training.batches import step_generator
from lensmae.training.config import PretrainConfig
from lensmae.training.feed import Batch
from lensmae.training.kinds.start import check_pairs, component_images, configured_transform, start_encoder
from lensmae.training.kinds.task import LensTask

# Purpose of a step's generator of masks; 0 is the symmetry's, see `lensmae.training.feed`.
_MASK = 1


def start(config: PretrainConfig, dataset: LensDataset, train_rows: np.ndarray) -> tuple[CheckpointCard, MAEViT]:
    """Card (without metrics) and network of a run that begins."""
    torch.manual_seed(config.seed)
    check_pairs(config, dataset, wanted=False)
    card, source = start_encoder(config, dataset, lambda: configured_transform(config, dataset, train_rows))
    if card.kind != "mae":
        raise CheckpointError(f"Pretraining goes on from an MAE, but {config.init} is a {card.kind}.")
    architecture = _architecture(config, card)
    network = build_network("mae", architecture)
    if source is not None:
        _take_over(network, source)
    if network.prior is not None and (source is None or source.prior is None):
        images = component_images(config, dataset, train_rows, config.linear_prior)
        network.prior.fit(card.transform.forward(images))
    return CheckpointCard(kind="mae", architecture=architecture, transform=card.transform), network


def _architecture(config: PretrainConfig, card: CheckpointCard) -> dict[str, Any]:
    prior = {"linear_prior": config.linear_prior} if config.linear_prior else {}
    if config.init != "scratch":
        # A prior that the checkpoint has is part of what it learned.
        return {**prior, **card.architecture, "mask_ratio": config.mask_ratio}
    decoder = {"decoder_layers": config.decoder_layers, "decoder_heads": config.decoder_heads}
    return {**card.architecture, **decoder, **prior, "mask_ratio": config.mask_ratio}


def _take_over(network: MAEViT, source: MAEViT) -> None:
    """Give an MAE the weights of another; beside a new prior it draws another thing, so its last layer stays at zero."""
    state = source.state_dict()
    if network.prior is not None and source.prior is None:
        state = {name: tensor for name, tensor in state.items() if not name.startswith("decoder.head.")}
        network.load_state_dict(state, strict=False)
    else:
        network.load_state_dict(state)


class PretrainTask(LensTask):
    """Mean squared error of hidden patches, in transform space; of the image without noise, where that is wanted and known."""

    def loss_scale(self) -> Tensor | float:
        # Beside a linear prior, what is left to learn is small.
        return 1.0 if self.network.prior is None else self.network.prior.spread**-2

    def _masked(self, network: nn.Module, images: Tensor, clean: Tensor | None, noise: Tensor, **options: Any) -> Tensor:
        scale = self.transform.scale(images)
        inputs = self.transform.forward(images, scale)
        target = self.transform.target(clean, scale) if self.config.denoise and clean is not None else inputs
        prediction, mask = network(inputs, noise=noise.to(self.device), **options)
        return masked_loss(prediction, target, mask)

    def _tokens(self) -> int:
        grid = self.network.encoder.native_grid
        return grid[0] * grid[1]

    def loss(self, batch: Batch) -> Tensor:
        # Masks are drawn for the whole batch, then each process takes its part.
        generator = step_generator(self.config.seed, self.step, _MASK)
        noise = torch.rand(batch.count, self._tokens(), generator=generator)[batch.share]
        return self._masked(self._train_network, batch.images, batch.clean, noise, drawn_share=self.config.drawn_share)

    def hidden(self, rows: np.ndarray) -> np.ndarray:
        """Patches (B, gh, gw) that `validation_step` and `reconstruct` hide of these rows, True = hidden."""
        noise = mask_noise([int(row) for row in rows], self._tokens())
        hidden = hidden_from_noise(noise, self.network.encoder.shuffle.mask_ratio)
        return hidden.reshape(len(rows), *self.network.encoder.native_grid).numpy()

    def reconstruct(self, rows: np.ndarray) -> Tensor:
        flux = self.pixels(rows)
        peak = self.transform.scale(flux)
        noise = mask_noise([int(row) for row in rows], self._tokens()).to(self.device)
        prediction, mask = self.final_network()(self.transform.forward(flux, peak), noise=noise)
        # Visible patches are shown as they are: the loss never looks at what is drawn there.
        return torch.where(mask > 0.5, self.transform.inverse(prediction, peak), flux)

    def validation_step(self, rows: np.ndarray, _: int) -> None:
        noise = mask_noise([int(row) for row in rows], self._tokens())
        truths = self.trainer.datamodule.dataset.truths
        clean = None if truths is None else self.pixels(rows, truths)
        loss = self._masked(self.final_network(), self.pixels(rows), clean, noise)
        self.log("validation_loss", loss, batch_size=len(rows), sync_dist=True, logger=False)
