"""How the networks of several kinds of training begin: what a checkpoint gives them, and what is measured on training images."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.data import LensDataset
from lensmae.data.symmetry import draw_elements, random_d4
from lensmae.data.transforms import Transform, surviving
from lensmae.errors import CheckpointError, DatasetError
from lensmae.models.checkpoint import CheckpointCard, build_network, read_network
from lensmae.models.registry import find_checkpoint
from lensmae.training.config import FineTuneConfig, NetworkConfig

# Images that the standardisation is measured on; mean and deviation are stable to 1e-3 from a few hundred on.
_FIT_IMAGES = 2000
# Pixels that principal components are measured on: 20,000 images of 64 x 64, enough for 400 components, 650 MB in float64.
_COMPONENT_PIXELS = 20_000 * 64 * 64


def check_pairs(config: NetworkConfig, dataset: LensDataset, wanted: bool) -> None:
    """Raise `DatasetError` where the set has LR/HR pairs and should have none, or the other way round."""
    if wanted != dataset.is_pair:
        needed = "LR/HR pairs (the preset `superres`)" if wanted else "single images, not LR/HR pairs"
        raise DatasetError(f"Data set {dataset.name} does not fit: {config.kind} training needs {needed}.")


def start_encoder(
    config: NetworkConfig, dataset: LensDataset, transform: Callable[[], Transform]
) -> tuple[CheckpointCard, nn.Module | None]:
    """A card whose architecture and transform the run takes over, and the network to copy the encoder from.

    Args:
        config: of the run.
        dataset: that it learns from.
        transform: makes the transform of a network that starts from nothing.
    """
    if config.init != "scratch":
        return read_network(find_checkpoint(config.init))
    height, width = dataset.images.shape[1:]
    # An image that is no multiple of the patch is padded by the super-resolver; its encoder is made for the padded size.
    size = -(-max(height, width) // config.patch_size) * config.patch_size
    architecture = {"image_size": size, "patch_size": config.patch_size, "emb_dim": config.emb_dim, "in_channels": 1}
    architecture |= {"encoder_layers": config.encoder_layers, "encoder_heads": config.encoder_heads}
    return CheckpointCard(kind="mae", architecture=architecture, transform=transform()), None


def continued(
    config: FineTuneConfig, card: CheckpointCard, source: nn.Module | None, classes: tuple[str, ...] = ()
) -> tuple[CheckpointCard, nn.Module] | None:
    """Card (without metrics) and network of a run that goes on from a checkpoint of its own kind, with all its weights; other
    classes get a new head. None where it begins from random weights, or takes the encoder of a checkpoint of another kind.

    Args:
        config: of the run.
        card: of the checkpoint that it starts from.
        source: the network of that checkpoint; None for none.
        classes: that the run learns; none for a super-resolver.

    Raises:
        CheckpointError: where the checkpoint has another backbone than the run, or no encoder to take.
    """
    if source is None:
        return None
    backbone = card.architecture.get("backbone", "vit")
    if backbone != config.backbone:
        raise CheckpointError(
            f"{config.init} is a network of backbone {backbone}, and this run one of backbone {config.backbone}; set backbone to "
            f"{backbone}, name another checkpoint, or set init to scratch."
        )
    if card.kind != config.kind:
        if backbone != "vit":
            raise CheckpointError(f"{config.init} is a {card.kind} without an encoder to start from; set init to scratch.")
        return None
    architecture, state = dict(card.architecture), source.state_dict()
    if classes != card.classes:
        architecture["classes"] = len(classes)
        state = {name: tensor for name, tensor in state.items() if not name.startswith("head.")}
    network = build_network(card.kind, architecture)
    network.load_state_dict(state, strict=classes == card.classes)
    return CheckpointCard(kind=card.kind, architecture=architecture, transform=card.transform, classes=classes), network


def configured_transform(config: NetworkConfig, dataset: LensDataset, train_rows: np.ndarray) -> Transform:
    """The transform that the configuration names, fitted to training images where it has something to fit."""
    if config.transform == "surviving":
        return surviving(config.gain)
    return fitted(Transform(stretch=config.stretch, gain=config.gain), config, dataset, train_rows)


def fitted(transform: Transform, config: NetworkConfig, dataset: LensDataset, train_rows: np.ndarray) -> Transform:
    """A transform with mean and deviation of some training images.

    Args:
        transform: without them.
        config: of the run, for its seed.
        dataset: that it learns from.
        train_rows: (N,) int, its training images.
    """
    rows = np.sort(np.random.default_rng(config.seed).permutation(train_rows)[:_FIT_IMAGES])
    return transform.fitted(torch.from_numpy(np.asarray(dataset.images[rows], dtype=np.float32)).unsqueeze(1))


def component_images(config: NetworkConfig, dataset: LensDataset, train_rows: np.ndarray, components: int) -> Tensor:
    """Flux (N, 1, H, W) of training images to measure principal components on; turned where training turns them.

    Args:
        config: of the run, for its seed and symmetry.
        dataset: that it learns from.
        train_rows: its training images.
        components: how many are to be measured.

    Raises:
        DatasetError: where there are too few images, or no square ones.
    """
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
