"""Tensors from files of others: safetensors, or what `torch.save` wrote, without running anything from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.data.decoding import Limits, apply_within
from lensmae.errors import CheckpointError, ImageReadError
from lensmae.models.architecture import check_header

# ViT-Huge with its decoder has 2.6 GB in float32.
_LIMITS = Limits(memory=12_000_000_000, cpu=120, wall=300.0, output=6_000_000_000, imports=("torch",))
# Where trainers keep the weights among other things, and what wrappers put before every name.
_NESTS = ("state_dict", "model_state_dict", "model", "module", "network", "model_ema")
_WRAPPERS = ("module.", "_orig_mod.", "model.", "mae.", "net.", "network.", "backbone.")
# What beside the weights has tensors of their shapes.
_NO_WEIGHTS = ("optimizer", "optimizers", "optimizer_states", "optimizer_state_dict", "scaler", "lr_scheduler", "scheduler")
_DEPTH = 4


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Tensors of a file by name, float32, without the prefixes of DDP and `torch.compile`; read in a process with limits.

    Raises:
        CheckpointError: where the file is missing, damaged, or holds no tensors that can be read without running code.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist.")
    try:
        tensors = apply_within(_LIMITS, _tensors, path.absolute())
    except ImageReadError as problem:
        raise CheckpointError(f"{path.name} was not read: {str(problem).rstrip('.')}.") from None
    return unwrapped(tensors)


def _tensors(path: Path) -> dict[str, np.ndarray]:
    found = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    state = _weights(found)
    if state is None:
        raise CheckpointError(
            f"{path.name} holds no state dict of tensors. Save `model.state_dict()` with torch.save, or as safetensors."
        )
    return {str(name): tensor.detach().float().numpy() for name, tensor in state.items()}


def _safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        check_header(path)
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as problem:
        raise CheckpointError(f"{path.name} is no readable safetensors file: {problem}.") from problem


def _torch(path: Path) -> Any:
    import torch

    try:
        with torch.serialization.safe_globals(_plain_values()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        # torch raises pickle, zip, runtime and operating-system errors here, all meaning the same to the user.
        raise CheckpointError(
            f"{path.name} cannot be loaded without running code from it, or is damaged ({type(problem).__name__}). "
            "Save `model.state_dict()` with torch.save and load that."
        ) from problem


def _plain_values() -> list[Any]:
    """What trainers keep beside the weights, and what is made without running anything: options, paths, NumPy's numbers."""
    import argparse
    import pathlib

    from numpy._core.multiarray import scalar

    kinds = {type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32, np.bool_)}
    return [argparse.Namespace, pathlib.PosixPath, scalar, np.dtype, *kinds]


def _weights(found: Any, depth: int = 0) -> dict[str, Any] | None:
    """The tensors of a state dict, wherever a trainer's record holds it; None where there are none."""
    import torch

    if not isinstance(found, Mapping) or depth > _DEPTH:
        return None
    inner = (_weights(found[name], depth + 1) for name in _NESTS if name in found)
    nested = next((state for state in inner if state), None)
    if nested:
        return nested
    state = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    if state:
        return state
    # Under a name of the trainer's own (`net`, `student`, ...), the largest.
    others = [_weights(value, depth + 1) for name, value in found.items() if name not in _NO_WEIGHTS]
    return max((one for one in others if one), key=len, default=None)


def unwrapped(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Names without a prefix that all of them share (`module.`, `_orig_mod.` ...)."""
    while prefix := next((one for one in _WRAPPERS if tensors and all(name.startswith(one) for name in tensors)), None):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors
