"""Training a classifier: its configuration and recipes, how the network begins, and what it learns."""

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, encoder_architecture, read_network
from lensmae.models.mae import MAEViT
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import FineTuneConfig
from lensmae.training.kinds.kind import Kind, Objective
from lensmae.training.kinds.probed_head import fit_head
from lensmae.training.kinds.recipes import CPU, FROM_SCRATCH, GENERALIST, GPU
from lensmae.training.kinds.start import check_pairs, component_images, configured_transform, continued, start_encoder
from lensmae.training.loading.feed import Batch


class ClassifierConfig(FineTuneConfig):
    """Classification by full fine-tuning."""

    kind: Literal["classifier"] = "classifier"
    backbone: Literal["vit", "resnet18", "convnet"] = Field(
        "vit", description="network; resnet18 is the supervised baseline, convnet a small residual network"
    )
    conv_width: int = Field(
        32, ge=4, le=512, description="channels of the convnet at half resolution; twice as many each halving"
    )
    conv_stages: int = Field(3, ge=1, le=5, description="resolutions of the convnet")
    conv_blocks: int = Field(2, ge=1, le=16, description="residual blocks of the convnet at each resolution")
    crop: int = Field(
        0, ge=0, le=4096, description="train the convnet on the central square of so many pixels first, which is faster; 0 = all"
    )
    crop_share: float = Field(0.85, ge=0, le=1, description="share of the steps that see the central square only")
    labels: int | None = Field(
        None, ge=2, description="learn from so many labelled lenses only, evenly from all classes; all where unset"
    )
    pooling: Literal["mean", "class_token", "all"] = Field(
        "mean", description="what the head reads: mean of the patch tokens, class token, or these and the largest values"
    )
    head_norm: Literal["layer", "batch"] = Field(
        "layer", description="what standardises the pooled tokens before the head; batch where it begins from an MAE"
    )
    probe_images: int = Field(
        0,
        ge=0,
        description="fit the head to so many training images, the encoder frozen, before all is fine-tuned; 0 = a random head",
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="label smoothing")
    keep_tokens: int | None = Field(None, ge=1, description="encode only so many of the brightest patches; all where unset")
    whitening: int = Field(
        0, ge=0, le=4096, description="whiten the input with so many principal components of the training images; 0 = none"
    )
    stem_width: int = Field(
        0, ge=0, le=512, description="channels of a convolutional stem beside the patch projection (patch 2, 4, 8, ...); 0 = none"
    )
    stem_depth: int = Field(0, ge=0, le=16, description="residual blocks at each resolution of the convolutional stem")
    residual_of: str = Field(
        "",
        description="MAE with a linear prior (name, run id or path): the network input is the residual of that prior; "
        "empty = the image itself",
    )
    mass_head: bool = Field(
        False, description="also regress log10 of the axion mass, linearly; `train mass` gives a trained classifier a better head"
    )
    mass_weight: float = Field(0.1, ge=0, description="weight of the mass loss")

    @property
    def label_limit(self) -> int | None:
        """Labelled lenses it learns from; all where None."""
        return self.labels

    @model_validator(mode="after")
    def _one_orientation_and_one_view(self) -> Self:
        if self.residual_of and self.symmetry == "d4":
            raise ValueError("a linear prior is fitted to one orientation; with residual_of set symmetry to half_turn or none")
        if self.stem_depth and not self.stem_width:
            raise ValueError("a deep stem needs a stem; set stem_width, or stem_depth to 0")
        if self.probe_images and (self.backbone != "vit" or self.head_norm != "batch"):
            raise ValueError(
                "only the head of a vit behind a batch norm is fitted first; set head_norm to batch, or probe_images to 0"
            )
        if self.crop and self.backbone != "convnet":
            raise ValueError("only a convnet can be trained on a crop; set backbone to convnet, or crop to 0")
        if self.residual_of and self.whitening:
            raise ValueError(
                "the network input is the whitened image or the residual, not both; set whitening to 0 or residual_of to nothing"
            )
        return self


# What Model II rewards: its lenses have one orientation and one flux scale, and differ from each other far more than by their
# substructure. One epoch of 24,000 lenses took a patch-8 encoder of 6 layers from scratch to a validation AUC of 0.52 with log1p
# alone, and to 0.99 with the same input whitened; a convolutional stem reaches the same in a quarter of that (measured). What a
# linear model of smooth lenses leaves of an image teaches fastest: 6,400 image passes to 0.9992, and 0.98 with 100 labels, but
# 33,600 passes of it end at 0.99988 on unseen lenses where 125,000 of the whitened image end at 0.99995 (measured). The encoder
# of an MAE knows images, not whitened ones, and has to unlearn: 67,000 passes end at 0.986 from `mae` and at 0.9994 from random
# weights, 1.6 million at a validation loss of 0.016 and 0.0014 (checkpoints/RESULTS.md). A deep stem pays in long trainings:
# 384,000 passes of a small encoder (patch 8) behind two residual blocks at each of three resolutions end at 99.90 % of 3,000
# unseen lenses, as many of `reference-cpu` at 99.77 %; cut short at 53,500 passes it is no better than a plain stem. Above all,
# passes over many lenses help: of 15,000 unseen ones those 384,000 end at 99.87 %, 1.6 million over 240,000 lenses at 99.96 %.
_MODEL_II = {
    "stem_width": 32,
    "keep_tokens": 48,
    "symmetry": "none",
    "learning_rate": 1e-3,
    "layer_decay": 0.9,
    "warmup": 0.05,
    "ema_decay": 0.995,
}
_RESIDUAL = _MODEL_II | {"init": "mae-no-sub", "residual_of": "mae-no-sub"}
_WHITENED = _MODEL_II | {"whitening": 400}
_LONG = GPU | {"epochs": 34, "batch_size": 512, "learning_rate": 1.5e-3, "drop_path": 0.1, "ema_decay": 0.999}
_CLASSIFIER_CPU = CPU | {"epochs": 2.6, "batch_size": 32, "compile": True}
# Half a turn takes a Model II lens to another Model II lens, which doubles what there is to learn from.
_DEEP_STEM = {"patch_size": 8, "encoder_layers": 6, "keep_tokens": 24, "stem_depth": 2, "symmetry": "half_turn"}
# For 240,000 lenses, six minutes of an H100: seven epochs end at the validation loss of 0.0017 (0.0033 after 384,000 passes).
_DEEP_STEM_GPU = {"stem_width": 48, "epochs": 7, "batch_size": 256, "drop_path": 0.0}
# A small encoder of what `mae-no-sub` cannot explain learns Model II in a minute of two cores.
_DEMO = _RESIDUAL | FROM_SCRATCH | {"data": "simulate:model_ii", "epochs": 0.04, "batch_size": 32, "save_every": 25}
_DEMO |= {"patch_size": 8, "encoder_layers": 4, "keep_tokens": 24, "validation_images": 512}
_LENSES = {"strata": "model_ii=0.55,model_ii_free=0.35,model_iii=0.1", "gain": 100.0, "layer_decay": 1.0, "warmup": 0.01}
_BEGINS_FROM_MAE = {"init": "mae", "head_norm": "batch", "pooling": "all"}
_CONVNET = GENERALIST | _LENSES | {"backbone": "convnet"}

# `reference` and `from-mae` know Model II alone, from random weights and from an MAE; `deep-stem` leaves more to convolutions;
# `residual` sees the surprise of an MAE of lenses without substructure; `generalist` is the classifier a newcomer gets,
# `generalist-from-mae` begins from the generalist MAE; `resnet18` and `resnet18-residual` are the baselines.
RECIPES: dict[str, dict[str, Any]] = {
    "reference": _WHITENED | _LONG | FROM_SCRATCH,
    "reference-cpu": _WHITENED | _CLASSIFIER_CPU | FROM_SCRATCH,
    "deep-stem": _WHITENED | _LONG | FROM_SCRATCH | _DEEP_STEM | _DEEP_STEM_GPU,
    "deep-stem-cpu": _WHITENED | _CLASSIFIER_CPU | FROM_SCRATCH | _DEEP_STEM | {"epochs": 4, "ema_decay": 0.999},
    "from-mae": _WHITENED | _LONG,
    "from-mae-cpu": _WHITENED | _CLASSIFIER_CPU,
    "generalist": _CONVNET | GPU | {"conv_width": 64, "conv_stages": 4, "batch_size": 512, "epochs": 100},
    "generalist-cpu": _CONVNET | CPU | {"batch_size": 64, "epochs": 25, "crop": 40, "save_every": 200},
    "generalist-from-mae": GENERALIST
    | _LENSES
    | GPU
    | {"stem_width": 48, "stem_depth": 2, "batch_size": 512, "epochs": 60}
    | _BEGINS_FROM_MAE,
    "generalist-from-mae-cpu": GENERALIST
    | _LENSES
    | {"keep_tokens": 96, "optimizer": "adamw", "learning_rate": 5e-4, "weight_decay": 0.05, "ema_decay": 0.995}
    | {"precision": "auto", "epochs": 4, "save_every": 150}
    | _BEGINS_FROM_MAE,
    "residual": _RESIDUAL | _LONG,
    "residual-cpu": _RESIDUAL | CPU | {"epochs": 0.7, "batch_size": 32},
    "resnet18": FROM_SCRATCH | {"backbone": "resnet18", "epochs": 20, "symmetry": "none"},
    "resnet18-residual": FROM_SCRATCH | {"backbone": "resnet18", "residual_of": "mae-no-sub", "epochs": 20, "symmetry": "none"},
    # From random weights: the patch size of a checkpoint that it began from would be the checkpoint's.
    "fast": FROM_SCRATCH | {"epochs": 10, "patch_size": 8, "keep_tokens": 24},
    "demo": _DEMO,
}

# Figures: checkpoints/RESULTS.md and the comments above; accuracy on 3,000 unseen Model II lenses where nothing else is said.
ADVICE = {
    "reference": "Lenses of one simulator, seen whitened, from random weights, on a GPU.",
    "reference-cpu": "The same, cut to what two cores do in half an hour: 99.77 % after 384,000 images.",
    "deep-stem": "More convolutions before the transformer: so `classifier-model-ii` was made, 99.90 %.",
    "deep-stem-cpu": "The same, cut to what two cores do in half an hour.",
    "from-mae": "As reference, but it begins from an MAE; on whitened images that is slower to learn than from random weights.",
    "from-mae-cpu": "The same, cut to what two cores do in half an hour.",
    "generalist": "Lenses as files hold them, simulated anew at every step, on a GPU.",
    "generalist-cpu": "The same, cut to what two cores do in hours: so `classifier` was made, in two runs. 100 % noise-free, "
    "98 % with noise of 1 % of the peak.",
    "generalist-from-mae": "The generalist as a transformer that begins from `mae`.",
    "generalist-from-mae-cpu": "The same of the brightest 96 patches, cut to what two cores do in hours.",
    "residual": "Sees what `mae-no-sub` cannot explain; learns Model II from few labels.",
    "residual-cpu": "The same in minutes: 99.0 %, macro AUC 0.9999, of 900 lenses.",
    "resnet18": "The baseline: an ordinary convolutional network, 97.8 %.",
    "resnet18-residual": "The baseline on what `mae-no-sub` cannot explain, 99.8 %.",
    "fast": "Patches of 8 pixels, few tokens: quick trials of settings.",
    "demo": "Learns Model II without noise from what `mae-no-sub` cannot explain, in about a minute of one core: 98 % and "
    "99 % (two seeds), macro AUC 0.999, of 600 unseen lenses.",
}


# What a card leaves out.
_USUAL = {"pooling": "mean", "head_norm": "layer"}
# A maximum a quarter beyond those seen is still taken for the same flux unit.
_PEAK_MARGIN = 1.25


def start(config: ClassifierConfig, dataset: LensDataset, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
    """Card (without metrics) and network of a run that begins: with the encoder of `config.init` where that is an MAE, with the
    whole network where it is a classifier."""
    torch.manual_seed(config.seed)
    _check_data(config, dataset)
    card, source = start_encoder(config, dataset, lambda: configured_transform(config, dataset, train_rows))
    begun = continued(config, card, source, tuple(dataset.info.classes))
    if begun is not None:
        return begun
    architecture = _architecture(config, dataset, card)
    network = build_network("classifier", architecture)
    if source is not None:
        network.encoder.load_state_dict(source.encoder.state_dict())
    transform = card.transform
    if config.whitening:
        transform = _fit_whitening(network, config, dataset, train_rows)
    if config.residual_of:
        judge, mae = _with_prior(config)
        network.prior.load_state_dict(mae.prior.state_dict())
        transform = judge.transform
    classes = tuple(dataset.info.classes)
    return CheckpointCard(kind="classifier", architecture=architecture, transform=transform, classes=classes), network


def _check_data(config: ClassifierConfig, dataset: LensDataset) -> None:
    check_pairs(config, dataset, wanted=False)
    if len(dataset.info.classes) < 2:
        raise DatasetError(f"Data set {dataset.name} has one class only; a classifier needs at least two.")
    if config.backbone == "convnet" and config.transform != "surviving":
        raise DatasetError("The convnet reads images in the surviving transform; set transform to surviving.")
    if config.mass_head and "axion_mass_ev" not in dataset.lenses:
        raise DatasetError(f"Data set {dataset.name} has no axion masses (column axion_mass_ev) to learn.")


def _architecture(config: ClassifierConfig, dataset: LensDataset, card: CheckpointCard) -> dict[str, Any]:
    residual, classes = _residual(config, dataset), len(dataset.info.classes)
    if config.backbone == "resnet18":
        return {"backbone": "resnet18", "classes": classes, "image_size": card.architecture["image_size"], **residual}
    if config.backbone == "convnet":
        widths = [config.conv_width * 2**stage for stage in range(config.conv_stages)]
        size = {"image_size": card.architecture["image_size"], "widths": widths, "blocks": config.conv_blocks}
        stretch = {"softening": [1 / card.transform.gain, card.transform.std]}
        return {"backbone": "convnet", "classes": classes, **size, **stretch}
    encoder = encoder_architecture(card) | {"drop_path": config.drop_path}
    options = {"classes": classes, "keep_tokens": config.keep_tokens, "mass_head": config.mass_head}
    # Left out where unused, so that a card names only what the network has.
    extras = {name: getattr(config, name) for name in ("whitening", "stem_width", "stem_depth") if getattr(config, name)}
    extras |= {name: getattr(config, name) for name, usual in _USUAL.items() if getattr(config, name) != usual}
    return {"encoder": encoder, **options, **extras, **residual}


def _residual(config: ClassifierConfig, dataset: LensDataset) -> dict[str, int]:
    if not config.residual_of:
        return {}
    card, mae = _with_prior(config)
    size = card.architecture["image_size"]
    if dataset.images.shape[1:] != (size, size):
        height, width = dataset.images.shape[1:]
        raise DatasetError(
            f"Data set {dataset.name} has {height}x{width} images; the linear prior of {config.residual_of} knows {size}x{size}."
        )
    return {"residual": len(mae.prior.basis)}


def _with_prior(config: ClassifierConfig) -> tuple[CheckpointCard, MAEViT]:
    """The MAE whose linear prior the classifier looks through."""
    card, network = read_network(find_checkpoint(config.residual_of))
    if card.kind != "mae" or network.prior is None:
        raise CheckpointError(
            f"residual_of needs an MAE with a linear prior (--linear-prior), which {config.residual_of} is not."
        )
    return card, network


def _fit_whitening(network: nn.Module, config: ClassifierConfig, dataset: LensDataset, train_rows: np.ndarray) -> Transform:
    """Fit the network's whitening to training images; the transform it was fitted in.

    Flux keeps its scale: dividing by the peak, which substructure changes too, costs a linear classifier on 100 components of
    Model II 0.010 of its AUC (0.9988 to 0.9888, measured).
    """
    flux = component_images(config, dataset, train_rows, config.whitening)
    peaks = flux.amax(dim=(1, 2, 3))
    known = (float(peaks.min()) / _PEAK_MARGIN, float(peaks.max()) * _PEAK_MARGIN)
    transform = Transform(stretch=config.stretch, gain=1.0, per_image_peak=False, known_peaks=known).fitted(flux)
    network.whitening.fit(transform.forward(flux))
    return transform


class ClassifierObjective(Objective):
    """Cross-entropy, and mean squared error in dex for the optional axion-mass head."""

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._validated: list[tuple[Tensor, Tensor]] = []

    def answer(self, network: nn.Module, *inputs: Any, **options: Any) -> tuple[Tensor, Tensor | None]:
        """Logits, and log10 of the axion mass where the network has a head for it."""
        if network.mass is None:
            return network(*inputs, **options), None
        return network.logits_and_log_mass(*inputs, **options)

    def loss(self, network: nn.Module, batch: Batch, step: int, answer: Callable[..., Any]) -> Tensor:
        """As of `Objective`."""
        inputs = self._cropped(self.transform.forward(batch.images), step)
        # Solving for the residual of a linear prior cannot be compiled: it is made before.
        known = {} if network.prior is None else {"seen": network.network_input(inputs)}
        logits, log_mass = answer(inputs, **known)
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.config.label_smoothing)
        if log_mass is None:
            return loss
        known = torch.isfinite(batch.log_masses)
        error = (log_mass - batch.log_masses)[known]
        # The sum over an empty selection is 0 and keeps the head in the graph, as several processes need.
        return loss + self.config.mass_weight * error.square().sum() / max(1, int(known.sum()))

    def _cropped(self, inputs: Tensor, step: int) -> Tensor:
        """The central square of network inputs (B, 1, H, W), while training sees no more."""
        size = self.config.crop
        if not size or step >= self.config.crop_share * self.total_steps or size >= min(inputs.shape[-2:]):
            return inputs
        top, left = ((side - size) // 2 for side in inputs.shape[-2:])
        return inputs[..., top : top + size, left : left + size]

    def validation_metrics(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """As of `Objective`."""
        logits = network(self.transform.forward(batch.images))
        self._validated.append((logits.float(), batch.labels))
        accuracy = (logits.argmax(1) == batch.labels).float().mean()
        return {"validation_loss": F.cross_entropy(logits, batch.labels), "validation_accuracy": accuracy}

    def epoch_metrics(self) -> dict[str, Tensor]:
        """As of `Objective`: the macro AUC, which is no average over batches."""
        from torchmetrics.functional.classification import multiclass_auroc

        logits, labels = (torch.cat(parts) for parts in zip(*self._validated, strict=True))
        self._validated.clear()
        return {"validation_auc": multiclass_auroc(logits.softmax(1), labels, num_classes=logits.shape[1], average="macro")}


KIND = Kind(
    "Classifier",
    "classifier",
    ClassifierConfig,
    RECIPES,
    ADVICE,
    start,
    ClassifierObjective,
    fitted_first=fit_head,
    starts_from=lambda card: card.kind in ("mae", "classifier"),
)
