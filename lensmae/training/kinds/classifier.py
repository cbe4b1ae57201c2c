"""Training a classifier (`ClassifierConfig`): how the network begins, and what it learns from."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics.functional.classification import multiclass_auroc

from lensmae.data import LensDataset
from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, encoder_architecture, read_network
from lensmae.models.mae import MAEViT
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import ClassifierConfig
from lensmae.training.feed import Batch
from lensmae.training.kinds.start import check_pairs, component_images, configured_transform, continued, start_encoder
from lensmae.training.kinds.task import LensTask

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
    extras |= {"pooling": config.pooling} if config.pooling != "mean" else {}
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


class ClassifierTask(LensTask):
    """Cross-entropy, and mean squared error in dex for the optional axion-mass head."""

    def answer(self, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits, and log10 of the axion mass where the network has a head for it."""
        return (self.network(inputs), None) if self.network.mass is None else self.network.logits_and_log_mass(inputs)

    def _labels(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.trainer.datamodule.labels[rows]).to(self.device)

    def loss(self, batch: Batch) -> Tensor:
        inputs = self._cropped(self.transform.forward(batch.images))
        logits, log_mass = self._train_network(inputs)
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.config.label_smoothing)
        if log_mass is None:
            return loss
        known = torch.isfinite(batch.log_masses)
        error = (log_mass - batch.log_masses)[known]
        # The sum over an empty selection is 0 and keeps the head in the graph, as several processes need.
        return loss + self.config.mass_weight * error.square().sum() / max(1, int(known.sum()))

    def _cropped(self, inputs: Tensor) -> Tensor:
        """The central square of network inputs (B, 1, H, W), while training sees no more."""
        size = self.config.crop
        if not size or self.step >= self.config.crop_share * self.total_steps or size >= min(inputs.shape[-2:]):
            return inputs
        top, left = ((side - size) // 2 for side in inputs.shape[-2:])
        return inputs[..., top : top + size, left : left + size]

    def on_validation_epoch_start(self) -> None:
        self._validation: list[tuple[Tensor, Tensor]] = []

    def validation_step(self, rows: np.ndarray, _: int) -> None:
        logits = self.final_network()(self.transform.forward(self.pixels(rows)))
        labels = self._labels(rows)
        self._validation.append((logits.float(), labels))
        self.log("validation_loss", F.cross_entropy(logits, labels), batch_size=len(rows), sync_dist=True, logger=False)
        accuracy = (logits.argmax(1) == labels).float().mean()
        self.log("validation_accuracy", accuracy, batch_size=len(rows), sync_dist=True, logger=False)

    def on_validation_epoch_end(self) -> None:
        logits, labels = (torch.cat(parts) for parts in zip(*self._validation, strict=True))
        auc = multiclass_auroc(logits.softmax(1), labels, num_classes=logits.shape[1], average="macro")
        self.log("validation_auc", auc, sync_dist=True, logger=False)
