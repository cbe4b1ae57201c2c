"""Masked-autoencoder pretraining: its configuration and recipes, how the network begins, and what it learns."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from lensmae.data import LensDataset
from lensmae.errors import CheckpointError
from lensmae.models.checkpoint import CheckpointCard, build_network
from lensmae.models.mae import MAEViT, masked_loss
from lensmae.models.masking import hidden_from_scores, patch_scores
from lensmae.training.config import NetworkConfig
from lensmae.training.kinds.kind import Kind, Objective
from lensmae.training.kinds.recipes import CPU, GENERALIST, GPU
from lensmae.training.kinds.start import check_pairs, component_images, configured_transform, start_encoder
from lensmae.training.loading.batches import drawing_device, step_generator
from lensmae.training.loading.feed import Batch


class PretrainConfig(NetworkConfig):
    """Masked-autoencoder pretraining (He et al. 2022, arXiv:2111.06377)."""

    labelled: ClassVar[bool] = False

    kind: Literal["pretrain"] = "pretrain"
    classes: Literal["all", "no_sub"] = Field("all", description="classes to learn from")
    mask_ratio: float = Field(0.75, gt=0, lt=1, description="share of patches hidden")
    drawn_share: float = Field(
        1.0, gt=0, le=1, description="share of the hidden patches that are reconstructed, others at each step; below 1 is faster"
    )
    denoise: bool = Field(False, description="the target is the image without noise, where that is known (simulate:, nuisances)")
    linear_prior: int = Field(
        0, ge=0, le=4096, description="start each drawing from a linear guess with so many principal components; 0 = none"
    )
    decoder_layers: int = Field(4, ge=1, le=64, description="decoder layers")
    decoder_heads: int = Field(3, ge=1, le=64, description="decoder attention heads")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="peak learning rate")

    @property
    def only_class(self) -> str:
        """The class it learns from; empty for all."""
        return "" if self.classes == "all" else self.classes


# Most of what an MAE must reconstruct of one preset is linear: estimates from a quarter of the patches leave 3e-5 of a Model II
# image, 4e-6 of one without substructure (masked MSE on [0, 1], measured); 53,000 passes of the reference net alone left 5e-4.
_LINEAR_PRIOR = {"linear_prior": 256, "symmetry": "none", "warmup": 0.05}
_MAE_GPU = GPU | {"batch_size": 256, "ema_decay": 0.999}
_MAE_CPU = CPU | {"batch_size": 32, "compile": True, "learning_rate": 5e-4, "ema_decay": 0.995}
_SMALL = {"patch_size": 8, "encoder_layers": 4, "decoder_layers": 2, "batch_size": 32, "validation_images": 512}
_DENOISING = GENERALIST | {"denoise": True, "gain": 20.0, "warmup": 0.05}

# `reference` is the reference network (patches of 4 pixels, 192 numbers, 12 layers) with a GPU, `reference-cpu` the same in hours
# on two cores; `no-sub` learns from lenses without substructure only, to be surprised by it; `generalist` is the MAE that a
# newcomer gets.
RECIPES: dict[str, dict[str, Any]] = {
    "reference": _LINEAR_PRIOR | _MAE_GPU | {"epochs": 15},
    "reference-cpu": _LINEAR_PRIOR | _MAE_CPU | {"epochs": 1.5},
    "no-sub": _LINEAR_PRIOR | _MAE_GPU | {"classes": "no_sub", "epochs": 20},
    "no-sub-cpu": _LINEAR_PRIOR | _MAE_CPU | {"classes": "no_sub", "epochs": 1},
    "generalist": _DENOISING | GPU | {"batch_size": 1024, "epochs": 60},
    "generalist-cpu": _DENOISING | CPU | {"batch_size": 64, "epochs": 5, "drawn_share": 0.25},
    "fast": {"epochs": 20, "patch_size": 8},
    "demo": _LINEAR_PRIOR | _SMALL | {"data": "simulate:model_ii", "classes": "no_sub", "epochs": 0.03, "save_every": 15},
}

# Figures: checkpoints/RESULTS.md and the comments above.
ADVICE = {
    "reference": "The reference network with a linear prior, for lenses of one kind, on a GPU.",
    "reference-cpu": "The same, cut to what two cores do in an hour.",
    "no-sub": "Learns lenses without substructure only, to be surprised by it: so `mae-no-sub` was made. It leaves 2e-6 of such "
    "images (masked MSE) and finds cdm and axion lenses with an AUC of 1.000.",
    "no-sub-cpu": "The same, cut to what two cores do in ten minutes.",
    "generalist": "Lenses as files hold them, simulated anew at every step, with the noise-free image as target, on a GPU.",
    "generalist-cpu": "The same, cut to what two cores do in hours, a quarter of the hidden patches a step: so `mae` was made.",
    "fast": "Patches of 8 pixels instead of 4: a quarter of the tokens, several times as fast, coarser.",
    "demo": "Model II lenses without substructure, in about a minute of two cores: masked MSE 5e-5, and 3e-3 where there is "
    "substructure, so that the error tells that there is some. Its linear estimate does most of the work.",
}


# Purpose of a step's generator of masks; 0 is the symmetry's, see `lensmae.training.loading.feed`.
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
    """Give an MAE the weights of another; beside a new prior it predicts another thing, so its last layer stays at zero."""
    state = source.state_dict()
    if network.prior is not None and source.prior is None:
        state = {name: tensor for name, tensor in state.items() if not name.startswith("decoder.head.")}
        network.load_state_dict(state, strict=False)
    else:
        network.load_state_dict(state)


class PretrainObjective(Objective):
    """Mean squared error of hidden patches, in transform space; of the image without noise, where that is wanted and known."""

    draws = True

    def loss_scale(self, network: MAEViT) -> Tensor | float:
        """Beside a linear prior, what is left to learn is small."""
        return 1.0 if network.prior is None else network.prior.spread**-2

    def loss(self, network: MAEViT, batch: Batch, step: int, answer: Callable[..., Any]) -> Tensor:
        """As of `Objective`. Masks are sampled for the whole batch, then each process takes its part."""
        drawn_on = drawing_device(batch.images.device)
        generator = step_generator(self.config.seed, step, _MASK, drawn_on)
        scores = torch.rand(batch.count, _tokens(network), generator=generator, device=drawn_on)
        mine = scores if len(batch.share) == batch.count else scores[torch.from_numpy(batch.share).to(drawn_on)]
        return self._masked(network, answer, batch, mine, drawn_share=self.config.drawn_share)

    def _masked(self, network: MAEViT, answer: Callable[..., Any], batch: Batch, scores: Tensor, **options: Any) -> Tensor:
        images, clean = batch.images, batch.clean
        scale = self.transform.scale(images)
        inputs = self.transform.forward(images, scale)
        target = self.transform.target(clean, scale) if self.config.denoise and clean is not None else inputs
        scores = scores.to(images.device)
        # Solving for the linear guess cannot be compiled: it is made before.
        guess = network.linear_guess(inputs, hidden_from_scores(scores, network.encoder.shuffle.mask_ratio))
        prediction, mask = answer(inputs, scores=scores, guess=guess, **options)
        return masked_loss(prediction, target, mask)

    def validation_metrics(self, network: MAEViT, batch: Batch) -> dict[str, Tensor]:
        """As of `Objective`: a row's mask is always the same."""
        return {"validation_loss": self._masked(network, network, batch, _row_scores(network, batch.share))}

    def hidden(self, network: MAEViT, rows: np.ndarray) -> np.ndarray:
        """As of `Objective`: what `validation_metrics` and `reconstruct` hide."""
        hidden = hidden_from_scores(_row_scores(network, rows), network.encoder.shuffle.mask_ratio)
        return hidden.reshape(len(rows), *network.encoder.native_grid).numpy()

    def reconstruct(self, network: MAEViT, flux: Tensor, rows: np.ndarray) -> Tensor:
        """As of `Objective`. Visible patches are shown as they are: the loss never looks at the prediction there."""
        peak = self.transform.scale(flux)
        prediction, mask = network(self.transform.forward(flux, peak), scores=_row_scores(network, rows).to(flux.device))
        return torch.where(mask > 0.5, self.transform.inverse(prediction, peak), flux)


def _tokens(network: MAEViT) -> int:
    grid = network.encoder.native_grid
    return grid[0] * grid[1]


def _row_scores(network: MAEViT, rows: np.ndarray) -> Tensor:
    return patch_scores([int(row) for row in rows], _tokens(network))


KIND = Kind("Masked autoencoder", "mae", PretrainConfig, RECIPES, ADVICE, start, PretrainObjective)
