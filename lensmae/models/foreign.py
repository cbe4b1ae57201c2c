"""Weights from IcarusWizard/MAE (github.com/IcarusWizard/MAE) for our `MAEViT`, through one mapping of names and shapes."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lensmae.errors import CheckpointError
from lensmae.models.mae import MAEViT

# Their tokens and position embeddings are stored sequence-first, (T, 1, C); ours batch-first, (1, T, C). All other names
# and shapes are the same.
_SEQUENCE_FIRST = ("encoder.cls_token", "encoder.pos_embedding", "decoder.mask_token", "decoder.pos_embedding")


def icarus_to_ours(state: dict[str, Tensor], in_channels: int = 1) -> dict[str, Tensor]:
    """Translate an IcarusWizard/MAE state dict.

    Args:
        state: their weights.
        in_channels: channels of our network. For 1, the three colour filters of the patch projection are summed (a grey
            image fed to all three channels gives the same tokens) and the three predictions of the head averaged.
    """
    missing = [name for name in _SEQUENCE_FIRST if name not in state]
    if missing:
        raise CheckpointError(f"These are no IcarusWizard/MAE weights: {', '.join(missing)} missing.")
    ours = {name: tensor.transpose(0, 1) if name in _SEQUENCE_FIRST else tensor for name, tensor in state.items()}
    theirs = ours["encoder.patchify.weight"].shape[1]
    if theirs == in_channels:
        return ours
    if in_channels != 1:
        raise CheckpointError(f"The weights have {theirs} channels; they can be loaded for {theirs} or 1, not {in_channels}.")
    ours["encoder.patchify.weight"] = ours["encoder.patchify.weight"].sum(dim=1, keepdim=True)
    for name in ("decoder.head.weight", "decoder.head.bias"):
        ours[name] = ours[name].unflatten(0, (theirs, -1)).mean(dim=0)
    return ours


def load_icarus(path: Path, in_channels: int = 1) -> MAEViT:
    """Our network with the weights of a file saved by IcarusWizard/MAE as a state dict.

    A whole pickled module cannot be read: unpickling it would run code. Save `model.state_dict()` instead.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist.") from None
    except Exception as problem:
        # torch raises pickle, zip, runtime and operating-system errors here, all meaning the same to the user.
        raise CheckpointError(
            f"{path} cannot be loaded without running code from it, or is damaged ({type(problem).__name__}). "
            "Save `model.state_dict()` with torch.save and load that."
        ) from problem
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(f"{path} holds {type(state).__name__}, not a state dict of tensors.")
    ours = icarus_to_ours(state, in_channels)
    network = MAEViT(**icarus_architecture(ours))
    try:
        network.load_state_dict(ours)
    except RuntimeError as problem:
        raise CheckpointError(f"{path} does not fit an MAE of the size its tensors suggest: {problem}.") from problem
    return network.eval()


def icarus_architecture(ours: dict[str, Tensor]) -> dict[str, Any]:
    """Arguments of `MAEViT` read off translated weights. Heads are 64 channels wide, as in all their configurations."""
    emb_dim, channels, patch, _ = ours["encoder.patchify.weight"].shape
    side = round(ours["encoder.pos_embedding"].shape[1] ** 0.5)

    def layers(room: str) -> int:
        return len({name.split(".")[2] for name in ours if name.startswith(f"{room}.transformer.")})

    heads = max(1, emb_dim // 64)
    size = {"image_size": side * patch, "patch_size": patch, "emb_dim": emb_dim, "in_channels": channels}
    depth = {"encoder_layers": layers("encoder"), "decoder_layers": layers("decoder")}
    return {**size, **depth, "encoder_heads": heads, "decoder_heads": heads}
