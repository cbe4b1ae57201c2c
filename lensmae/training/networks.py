"""From a run configuration and a data set to the network, the transform and the checkpoint card."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.data.symmetry import draw_elements, random_d4
from lensmae.data.transforms import Transform, surviving
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, encoder_architecture, read_network
from lensmae.models.mae import MAEViT
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import ClassifierConfig, MassConfig, NetworkConfig, PretrainConfig, RunConfig, SuperResConfig
from lensmae.training.second_stage import start_second_stage

# Images that the standardisation is measured on; mean and deviation are stable to 1e-3 from a few hundred on.
_FIT_IMAGES = 2000
# Pixels that principal components are measured on: 20,000 images of 64 x 64, enough for 400 components, 650 MB in float64.
_COMPONENT_PIXELS = 20_000 * 64 * 64
# A maximum a quarter beyond those seen is still taken for the same flux unit.
_PEAK_MARGIN = 1.25


def start_network(config: RunConfig, dataset: Any, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module]:
    """Card (without metrics) and freshly initialised network of a run; the encoder comes from `config.init` where given."""
    if isinstance(config, MassConfig):
        return start_second_stage(config, dataset, train_rows)
    torch.manual_seed(config.seed)
    _check_data(config, dataset)
    card, source = _encoder(config, dataset, train_rows)
    architecture = _architecture(config, dataset, card)
    kind = "mae" if config.kind == "pretrain" else config.kind
    network = build_network(kind, architecture)
    if source is not None and kind == "mae":
        _take_over(network, source)
    elif source is not None:
        network.encoder.load_state_dict(source.encoder.state_dict())
    classes = tuple(dataset.info.classes) if kind == "classifier" else ()
    transform = card.transform
    if isinstance(config, ClassifierConfig) and config.whitening:
        transform = _fit_whitening(network, config, dataset, train_rows)
    if isinstance(config, ClassifierConfig) and config.residual_of:
        judge, mae = _with_prior(config)
        network.prior.load_state_dict(mae.prior.state_dict())
        transform = judge.transform
    if kind == "mae" and network.prior is not None and (source is None or source.prior is None):
        network.prior.fit(transform.forward(_sample(config, dataset, train_rows, config.linear_prior)))
    return CheckpointCard(kind=kind, architecture=architecture, transform=transform, classes=classes), network


def _with_prior(config: ClassifierConfig) -> tuple[CheckpointCard, MAEViT]:
    """The MAE whose linear prior the classifier looks through."""
    card, network = read_network(find_checkpoint(config.residual_of))
    if card.kind != "mae" or network.prior is None:
        raise CheckpointError(
            f"residual_of needs an MAE with a linear prior (--linear-prior), which {config.residual_of} is not."
        )
    return card, network


def _fit_whitening(network: nn.Module, config: ClassifierConfig, dataset: Any, train_rows: np.ndarray) -> Transform:
    """Fit the network's whitening to training images; the transform it was fitted in.

    Flux keeps its scale: dividing by the peak, which substructure changes too, costs a linear classifier on 100 components of
    Model II 0.010 of its AUC (0.9988 to 0.9888, measured).
    """
    flux = _sample(config, dataset, train_rows, config.whitening)
    peaks = flux.amax(dim=(1, 2, 3))
    known = (float(peaks.min()) / _PEAK_MARGIN, float(peaks.max()) * _PEAK_MARGIN)
    transform = Transform(stretch=config.stretch, gain=1.0, per_image_peak=False, known_peaks=known).fitted(flux)
    network.whitening.fit(transform.forward(flux))
    return transform


def _take_over(network: MAEViT, source: MAEViT) -> None:
    """Give an MAE the weights of another; beside a new prior it draws another thing, so its last layer stays at zero."""
    state = source.state_dict()
    if network.prior is not None and source.prior is None:
        state = {name: tensor for name, tensor in state.items() if not name.startswith("decoder.head.")}
        network.load_state_dict(state, strict=False)
    else:
        network.load_state_dict(state)


def _sample(config: ClassifierConfig | PretrainConfig, dataset: Any, train_rows: np.ndarray, components: int) -> Tensor:
    """Flux (N, 1, H, W) of training images to measure principal components on; turned where training turns them."""
    most = _COMPONENT_PIXELS // int(np.prod(dataset.images.shape[1:]))
    rows = np.sort(np.random.default_rng(config.seed).permutation(train_rows)[:most])
    if len(rows) <= components:
        raise DatasetError(
            f"Data set {dataset.name} gives {len(rows)} training images to measure on; {components} principal components need "
            "more than that many. Choose fewer components, or 0."
        )
    height, width = dataset.images.shape[1:]
    if height != width:
        raise DatasetError(f"Data set {dataset.name} has {height}x{width} images; principal components need square ones.")
    flux = torch.from_numpy(np.asarray(dataset.images[rows], dtype=np.float32)).unsqueeze(1)
    generator = torch.Generator().manual_seed(config.seed)
    return random_d4(flux, draw_elements(config.symmetry, len(flux), generator))


def _check_data(config: NetworkConfig, dataset: Any) -> None:
    if isinstance(config, SuperResConfig) != dataset.is_pair:
        needed = "LR/HR pairs (the preset `superres`)" if isinstance(config, SuperResConfig) else "single images, not LR/HR pairs"
        raise DatasetError(f"Data set {dataset.name} does not fit: {config.kind} training needs {needed}.")
    if isinstance(config, ClassifierConfig) and len(dataset.info.classes) < 2:
        raise DatasetError(f"Data set {dataset.name} has one class only; a classifier needs at least two.")
    if isinstance(config, ClassifierConfig) and config.backbone == "convnet" and config.transform != "surviving":
        raise DatasetError("The convnet reads images in the surviving transform; set transform to surviving.")
    if isinstance(config, ClassifierConfig) and config.mass_head and "axion_mass_ev" not in dataset.lenses:
        raise DatasetError(f"Data set {dataset.name} has no axion masses (column axion_mass_ev) to learn.")


def _encoder(config: NetworkConfig, dataset: Any, train_rows: np.ndarray) -> tuple[CheckpointCard, nn.Module | None]:
    """A card whose architecture and transform the run takes over, and the network to copy the encoder from."""
    if config.init != "scratch":
        card, network = read_network(find_checkpoint(config.init))
        if isinstance(config, PretrainConfig) and card.kind != "mae":
            raise CheckpointError(f"Pretraining goes on from an MAE, but {config.init} is a {card.kind}.")
        return card, network
    height, width = dataset.images.shape[1:]
    # An image that is no multiple of the patch is padded by the super-resolver; its encoder is made for the padded size.
    size = -(-max(height, width) // config.patch_size) * config.patch_size
    transform = _transform(config, dataset, train_rows)
    architecture = {"image_size": size, "patch_size": config.patch_size, "emb_dim": config.emb_dim, "in_channels": 1}
    architecture |= {"encoder_layers": config.encoder_layers, "encoder_heads": config.encoder_heads}
    return CheckpointCard(kind="mae", architecture=architecture, transform=transform), None


def _transform(config: NetworkConfig, dataset: Any, train_rows: np.ndarray) -> Transform:
    """The transform of a network that starts from nothing."""
    if isinstance(config, SuperResConfig):
        transform = Transform(stretch="linear", gain=1.0, per_image_peak=False)
    elif config.transform == "surviving":
        return surviving(config.gain)
    else:
        transform = Transform(stretch=config.stretch, gain=config.gain)
    rows = np.sort(np.random.default_rng(config.seed).permutation(train_rows)[:_FIT_IMAGES])
    return transform.fitted(torch.from_numpy(np.asarray(dataset.images[rows], dtype=np.float32)).unsqueeze(1))


def _architecture(config: NetworkConfig, dataset: Any, card: CheckpointCard) -> dict[str, Any]:
    if isinstance(config, PretrainConfig) and config.init != "scratch":
        # A prior that the checkpoint has is part of what it learned.
        prior = {"linear_prior": config.linear_prior} if config.linear_prior else {}
        return {**prior, **card.architecture, "mask_ratio": config.mask_ratio}
    if isinstance(config, PretrainConfig):
        decoder = {"decoder_layers": config.decoder_layers, "decoder_heads": config.decoder_heads}
        decoder |= {"linear_prior": config.linear_prior} if config.linear_prior else {}
        return {**card.architecture, **decoder, "mask_ratio": config.mask_ratio}
    residual = _residual(config, dataset)
    if config.backbone == "resnet18":
        options = {"classes": len(dataset.info.classes), "image_size": card.architecture["image_size"]}
        return {"backbone": "resnet18", **options, **residual}
    if config.backbone == "convnet":
        widths = [config.conv_width * 2**stage for stage in range(config.conv_stages)]
        size = {"image_size": card.architecture["image_size"], "widths": widths, "blocks": config.conv_blocks}
        stretch = {"softening": [1 / card.transform.gain, card.transform.std]}
        return {"backbone": "convnet", "classes": len(dataset.info.classes), **size, **stretch}
    if config.backbone == "edsr":
        options = {"width": config.width, "depth": config.depth, "image_size": dataset.images.shape[1]}
        return {"backbone": "edsr", "scale": dataset.targets.shape[1] // dataset.images.shape[1], **options}
    encoder = encoder_architecture(card) | {"drop_path": getattr(config, "drop_path", 0.0)}
    if isinstance(config, ClassifierConfig):
        options = {"classes": len(dataset.info.classes), "keep_tokens": config.keep_tokens, "mass_head": config.mass_head}
        # Left out where unused, so that a card names only what the network has.
        extras = {name: getattr(config, name) for name in ("whitening", "stem_width", "stem_depth") if getattr(config, name)}
        extras |= {"pooling": config.pooling} if config.pooling != "mean" else {}
        return {"encoder": encoder, **options, **extras, **residual}
    scale = dataset.targets.shape[1] // dataset.images.shape[1]
    return {"encoder": encoder, "scale": scale, "width": config.width, "depth": config.depth}


def _residual(config: NetworkConfig, dataset: Any) -> dict[str, int]:
    if not isinstance(config, ClassifierConfig) or not config.residual_of:
        return {}
    card, mae = _with_prior(config)
    size = card.architecture["image_size"]
    if dataset.images.shape[1:] != (size, size):
        height, width = dataset.images.shape[1:]
        raise DatasetError(
            f"Data set {dataset.name} has {height}x{width} images; the linear prior of {config.residual_of} knows {size}x{size}."
        )
    return {"residual": len(mae.prior.basis)}
