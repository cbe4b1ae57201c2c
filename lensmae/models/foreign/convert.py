"""From a file of others to a checkpoint that every page and command takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError
from lensmae.models.checkpoint import CheckpointCard, save_checkpoint
from lensmae.models.foreign.layouts import Layout, Tensors, recognise
from lensmae.models.foreign.reading import read_tensors
from lensmae.models.mae import MAEViT
from lensmae.workspace import check_name, models_dir

Normalisation = Literal["layout", "none"]
_HEAD_WIDTH = 64
_NEEDED = (
    "encoder.cls_token",
    "encoder.pos_embedding",
    "encoder.patchify.weight",
    "encoder.patchify.bias",
    "encoder.layer_norm.weight",
    "decoder.mask_token",
    "decoder.pos_embedding",
    "decoder.head.weight",
    "decoder.head.bias",
)


@dataclass(frozen=True)
class Conversion:
    """What a file became.

    Attributes:
        card: of the checkpoint.
        network: in evaluation mode, for grey images (B, 1, H, W).
        layout: whose names the file has.
        unused: tensors of the file that a masked autoencoder does not need (a classification head, say).
    """

    card: CheckpointCard
    network: MAEViT
    layout: str
    unused: tuple[str, ...]


def convert_weights(
    path: Path, heads: int | None = None, decoder_heads: int | None = None, normalisation: Normalisation = "layout"
) -> Conversion:
    """Read MAE weights of IcarusWizard/MAE, facebookresearch/mae, timm's names or Hugging Face's ViTMAE.

    Colour filters are combined so that a grey image gives what it gave in all three channels; predictions are averaged.

    Args:
        path: `.safetensors`, or a file of `torch.save`; wrapped (DDP, compiled) or nested in a trainer's record.
        heads: attention heads of the encoder; one for 64 channels where None, as in all published sizes.
        decoder_heads: of the decoder; one for 32 (ViTMAE) or 64 channels (IcarusWizard) where None.
        normalisation: "layout" where the network saw pixels normalised as that project does (ImageNet's mean and deviation, or
            0.5 and 0.5); "none" where it saw pixels on [0, 1].

    Raises:
        CheckpointError: where the file cannot be read safely, has another layout, or is not complete.
    """
    tensors = read_tensors(path)
    layout, tensors = recognise(tensors)
    ours = layout.translate(tensors)
    missing = [name for name in _NEEDED if name not in ours]
    if missing:
        raise CheckpointError(f"{path.name} has the names of {layout.name}, but no whole MAE: {', '.join(missing)} missing.")
    ours, transform = _grey(ours, layout if normalisation == "layout" else None)
    architecture = _architecture(path, ours, layout, heads, decoder_heads)
    network, unused = _filled(path, architecture, ours)
    card = CheckpointCard(
        kind="mae",
        architecture=architecture,
        transform=transform,
        description=f"Converted from weights in the layout of {layout.name}; LensMAE knows nothing of their training.",
    )
    return Conversion(card, network, layout.name, unused)


def save_converted(path: Path, name: str, **options: Any) -> tuple[Path, Conversion]:
    """Convert a file and keep it as checkpoint `name` of the workspace; `options` as of `convert_weights`.

    Raises:
        CheckpointError: as `convert_weights`, and where a checkpoint has this name already.
    """
    target = models_dir() / f"{check_name(name, 'checkpoint')}.safetensors"
    if target.exists():
        raise CheckpointError(f"A checkpoint {name!r} already exists in {target.parent}; choose another name or delete it first.")
    conversion = convert_weights(path, **options)
    save_checkpoint(target, conversion.card, conversion.network)
    return target, conversion


def _grey(ours: Tensors, layout: Layout | None) -> tuple[Tensors, Transform]:
    """Weights for one channel of pixels, and the transform that they expect of flux."""
    filters = ours["encoder.patchify.weight"]
    colours, side = filters.shape[1], filters.shape[2]
    if colours not in (1, 3):
        raise CheckpointError(f"The weights are for images of {colours} channels; 1 and 3 can be converted.")
    linear = Transform(stretch="linear", gain=1.0)
    mean, deviation = (layout.mean, layout.deviation) if layout else ((0.0,) * 3, (1.0,) * 3)
    if colours == 1:
        return ours, linear.model_copy(update={"mean": mean[0], "std": deviation[0]})
    middle, spread = np.float32(mean), np.float32(deviation)
    scaled = filters / spread[None, :, None, None]
    head = ours["decoder.head.weight"].reshape(3, side * side, -1)
    offset = ours["decoder.head.bias"].reshape(3, side * side)
    changed = {
        "encoder.patchify.weight": scaled.sum(axis=1, keepdims=True),
        "encoder.patchify.bias": ours["encoder.patchify.bias"] - (scaled * middle[None, :, None, None]).sum(axis=(1, 2, 3)),
        "decoder.head.weight": (head * spread[:, None, None]).mean(axis=0),
        "decoder.head.bias": (offset * spread[:, None] + middle[:, None]).mean(axis=0),
    }
    return ours | changed, linear


def _architecture(path: Path, ours: Tensors, layout: Layout, heads: int | None, decoder_heads: int | None) -> dict[str, Any]:
    """Arguments of `MAEViT` read off translated tensors."""
    emb_dim, _, patch, _ = ours["encoder.patchify.weight"].shape
    indices, decoder_dim = ours["encoder.pos_embedding"].shape[1], ours["decoder.mask_token"].shape[-1]
    side = round(indices**0.5)
    if side * side != indices:
        raise CheckpointError(f"{path.name} has position embeddings for {indices} patches, which are no square grid.")
    size = {
        "image_size": side * patch,
        "patch_size": patch,
        "emb_dim": emb_dim,
        "encoder_layers": _layers(ours, "encoder"),
        "encoder_heads": heads or max(1, emb_dim // _HEAD_WIDTH),
        "decoder_layers": _layers(ours, "decoder"),
        "decoder_heads": decoder_heads or max(1, decoder_dim // layout.decoder_head_width),
        "norm_eps": layout.norm_eps,
        "qkv_bias": "encoder.transformer.0.attn.qkv.bias" in ours,
    }
    return size | ({"decoder_dim": decoder_dim} if "decoder.embed.weight" in ours else {})


def _layers(ours: Tensors, room: str) -> int:
    return len({name.split(".")[2] for name in ours if name.startswith(f"{room}.transformer.")})


def _filled(path: Path, architecture: dict[str, Any], ours: Tensors) -> tuple[MAEViT, tuple[str, ...]]:
    """The network with its weights, and the names of those that it has no place for."""
    try:
        with torch.device("meta"):
            network = MAEViT(**architecture)
        expected = network.state_dict()
        state = {name: torch.from_numpy(np.array(ours[name])) for name in expected if name in ours}
        network.load_state_dict(state, assign=True)
    except (RuntimeError, ValueError, TypeError) as problem:
        raise CheckpointError(f"{path.name} does not fit an MAE of the size its tensors suggest: {problem}.") from problem
    return network.eval().requires_grad_(False), tuple(sorted(set(ours) - set(expected)))
