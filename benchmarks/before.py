"""What PyTorch does by itself, to measure faster ways against in one run."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lensmae.models import blocks


@contextmanager
def before() -> Iterator[None]:
    """PyTorch's own choice of a library for float32 products, and its fused attention."""
    backend = getattr(torch.backends.mkldnn, "matmul", None)
    kept = backend.fp32_precision if backend is not None else None, blocks.attend
    if backend is not None:
        backend.fp32_precision = "ieee"
    blocks.attend = torch.nn.functional.scaled_dot_product_attention
    try:
        yield
    finally:
        blocks.attend = kept[1]
        if backend is not None:
            backend.fp32_precision = kept[0]
