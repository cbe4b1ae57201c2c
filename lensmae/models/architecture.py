"""What a checkpoint's header claims, checked against its file before anything of it is read or a network of it is begun."""

import json
import os
from pathlib import Path
from typing import Any

# No network of ours comes near them; a constructor given more would work for hours before its weights are found missing.
_LARGEST = 100_000
_DEEPEST = 4
# ViT-Huge with its decoder has 2.6 GB in float32, and a header of 0.1 MB.
_MOST_BYTES, _MOST_HEADER, _MOST_TENSORS, _MOST_AXES = 12_000_000_000, 1 << 24, 50_000, 16


def check_header(path: Path) -> None:
    """Raise `ValueError` where a file is no safetensors file whose header fits into it: its length, the number of tensors, their
    shapes, and where they lie. Reads no more than the header."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size > _MOST_BYTES:
            raise ValueError(f"it has {size / 1e9:,.0f} GB; no network here has more than {_MOST_BYTES / 1e9:,.0f}")
        if not 2 <= length <= min(_MOST_HEADER, size - 8):
            raise ValueError(f"its header claims {length:,} of {size:,} bytes")
        text = file.read(length)
    try:
        header = json.loads(text)
    except RecursionError:
        raise ValueError("its header is nested too deep") from None
    if not isinstance(header, dict) or len(header) > _MOST_TENSORS:
        raise ValueError("its header is no list of tensors" if not isinstance(header, dict) else "it claims too many tensors")
    for name, entry in header.items():
        if name != "__metadata__" and not _lies_within(entry, size - 8 - length):
            raise ValueError(f"its tensor {name[:80]!r} does not lie within the file")


def _lies_within(entry: Any, size: int) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, places = entry.get("shape"), entry.get("data_offsets")
    if not (_are_counts(shape) and _are_counts(places)) or len(shape) > _MOST_AXES or len(places) != 2:
        return False
    return places[0] <= places[1] <= size


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) is int and number >= 0 for number in value)


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
