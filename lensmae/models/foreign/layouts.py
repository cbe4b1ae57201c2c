"""How others name and shape the tensors of a masked autoencoder: IcarusWizard/MAE, facebookresearch/mae (and timm, which has its
block names), Hugging Face's ViTMAE. Arrays in, arrays of ours out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lensmae.errors import CheckpointError

Tensors = dict[str, np.ndarray]
# IcarusWizard/MAE stores these sequence-first, (T, 1, C).
_SEQUENCE_FIRST = ("encoder.cls_token", "encoder.pos_embedding", "decoder.mask_token", "decoder.pos_embedding")
_FACEBOOK = {
    "patch_embed.proj": "encoder.patchify",
    "norm": "encoder.layer_norm",
    "decoder_embed": "decoder.embed",
    "decoder_norm": "decoder.layer_norm",
    "decoder_pred": "decoder.head",
    "mask_token": "decoder.mask_token",
    "decoder_pos_embed": "decoder.pos_embedding",
}
# As transformers names them before and since version 5.
_HUGGING_FACE_BLOCK = {
    "attention.output.dense": "attn.proj",
    "attention.o_proj": "attn.proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
}


@dataclass(frozen=True)
class Layout:
    """One way of naming.

    Attributes:
        name: as told to users.
        mark: a tensor that only this layout has.
        translate: to our names and shapes.
        mean, deviation: of the pixels [0, 1] that its networks see, a colour; what they predict is on the same scale.
        decoder_head_width: channels of an attention head of the decoder, in the sizes that were published.
        norm_eps: of its layer norms.
    """

    name: str
    mark: str
    translate: Callable[[Tensors], Tensors]
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    decoder_head_width: int
    norm_eps: float


def _icarus(theirs: Tensors) -> Tensors:
    def ours(name: str, array: np.ndarray) -> np.ndarray:
        # A state dict of LensMAE has the same names, and the batch first.
        return np.swapaxes(array, 0, 1) if name in _SEQUENCE_FIRST and array.ndim == 3 and array.shape[1] == 1 else array

    return {name: ours(name, array) for name, array in theirs.items()}


def _facebook(theirs: Tensors) -> Tensors:
    ours = {}
    for name, array in theirs.items():
        block = re.fullmatch(r"(decoder_)?blocks\.(\d+)\.(.+)", name)
        stem, _, leaf = name.rpartition(".")
        if block:
            ours[f"{'decoder' if block[1] else 'encoder'}.transformer.{block[2]}.{block[3]}"] = array
        elif name in _FACEBOOK:
            ours[_FACEBOOK[name]] = array
        elif stem in _FACEBOOK:
            ours[f"{_FACEBOOK[stem]}.{leaf}"] = array
        elif name not in ("cls_token", "pos_embed"):
            ours[name] = array
    if {"cls_token", "pos_embed"} <= set(theirs):
        # Their class token has a position of its own, ours is the sum of both.
        ours["encoder.cls_token"] = theirs["cls_token"] + theirs["pos_embed"][:, :1]
        ours["encoder.pos_embedding"] = theirs["pos_embed"][:, 1:]
    return _colours_first(ours)


def _colours_first(ours: Tensors) -> Tensors:
    """Their prediction of a patch is ordered (row, column, colour), ours (colour, row, column)."""
    patchify = ours.get("encoder.patchify.weight")
    if patchify is None or patchify.ndim != 4:
        return ours
    colours, side = patchify.shape[1], patchify.shape[2]
    for name in ("decoder.head.weight", "decoder.head.bias"):
        if name in ours and len(ours[name]) == colours * side * side:
            rows = ours[name].reshape(side, side, colours, *ours[name].shape[1:])
            ours[name] = np.moveaxis(rows, 2, 0).reshape(ours[name].shape)
    return ours


def _hugging_face(theirs: Tensors) -> Tensors:
    facebook: Tensors = {}
    for name, array in theirs.items():
        facebook[_hugging_face_name(name.removeprefix("vit."))] = array
    for block in {name.rsplit(".attn.", 1)[0] for name in facebook if ".attn.q." in name}:
        for leaf in ("weight", "bias"):
            parts = [facebook.pop(f"{block}.attn.{part}.{leaf}", None) for part in "qkv"]
            if all(part is not None for part in parts):
                facebook[f"{block}.attn.qkv.{leaf}"] = np.concatenate(parts)
    return _facebook(facebook)


def _hugging_face_name(name: str) -> str:
    """facebookresearch/mae's name of a tensor of ViTMAE."""
    block = re.fullmatch(r"(encoder\.layer|layers|decoder\.decoder_layers)\.(\d+)\.(.+)", name)
    if block:
        room = "decoder_blocks" if block[1].startswith("decoder") else "blocks"
        stem, _, leaf = block[3].rpartition(".")
        projection = re.fullmatch(r"attention\.(?:attention\.)?(?:(q|k|v)_proj|(query|key|value))", stem)
        inner = f"attn.{(projection[1] or projection[2])[0]}" if projection else _HUGGING_FACE_BLOCK.get(stem, stem)
        return f"{room}.{block[2]}.{inner}.{leaf}"
    stem = name.removeprefix("embeddings.").removeprefix("decoder.")
    stem = stem.replace("patch_embeddings.projection", "patch_embed.proj").replace("position_embeddings", "pos_embed")
    return re.sub(r"^layernorm\.", "norm.", stem)


_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
LAYOUTS = (
    Layout("IcarusWizard/MAE", "encoder.patchify.weight", _icarus, *_HALF, 64, 1e-5),
    Layout("facebookresearch/mae or timm", "patch_embed.proj.weight", _facebook, *_IMAGENET, 32, 1e-6),
    Layout("Hugging Face ViTMAE", "vit.embeddings.patch_embeddings.projection.weight", _hugging_face, *_IMAGENET, 32, 1e-12),
    Layout("Hugging Face ViTMAE", "embeddings.patch_embeddings.projection.weight", _hugging_face, *_IMAGENET, 32, 1e-12),
)


def recognise(tensors: Tensors) -> tuple[Layout, Tensors]:
    """The layout of tensors by name, and those of the network, without what a wrapper put before their names.

    Raises `CheckpointError` with some of the names where it is none that is known.
    """
    for layout in LAYOUTS:
        wrapped = [name.removesuffix(layout.mark) for name in tensors if name == layout.mark or name.endswith(f".{layout.mark}")]
        if wrapped:
            # The innermost of a network that holds another, such as a running mean of itself, is not the first.
            prefix = min(wrapped, key=len)
            return layout, {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}
    some = ", ".join(list(tensors)[:5])
    raise CheckpointError(
        f"These are no MAE weights in a known layout ({', '.join(dict.fromkeys(layout.name for layout in LAYOUTS))}); "
        f"the file has {len(tensors)} tensors, first {some}."
    )
