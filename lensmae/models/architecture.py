"""Sizes that a checkpoint's header claims, checked against its file before a network of them is begun."""

from typing import Any

# No network of ours comes near them; a constructor given more would work for hours before its weights are found missing.
_LARGEST = 100_000
_DEEPEST = 4


def check_sizes(architecture: dict[str, Any], tensors: int, depth: int = 0) -> None:
    """Raise `ValueError` where a size is negative or absurd, or there are more layers than the file has tensors."""
    if depth > _DEEPEST:
        raise ValueError("its architecture is nested too deep")
    for name, value in architecture.items():
        if isinstance(value, dict):
            check_sizes(value, tensors, depth + 1)
            continue
        sizes = value if isinstance(value, list) else [value]
        for size in sizes:
            if isinstance(size, int | float) and not isinstance(size, bool):
                _check(name, size, tensors)


def _check(name: str, size: float, tensors: int) -> None:
    counted = any(word in name for word in ("layers", "blocks", "depth"))
    if not 0 <= size <= (tensors if counted else _LARGEST):
        raise ValueError(f"its architecture says {name} = {size:g}" + (f"; the file has {tensors} tensors" if counted else ""))
    if size == 0 and any(word in name for word in ("heads", "emb_dim", "patch_size", "image_size")):
        raise ValueError(f"its architecture says {name} = 0")
