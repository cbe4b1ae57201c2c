"""How a processor multiplies matrices: faster ways that PyTorch has there and does not take by itself."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch
from torch import Tensor

# Of float32 products of normal numbers, relative: bfloat16 has 2^-9, float32 much less.
_EXACT = 1e-4
# Tokens up to which attention is computed as two matrix products.
_SHORT = 512


def capabilities() -> dict[str, object]:
    """What the processor can, as PyTorch tells it; empty where this PyTorch does not."""
    return dict(torch.cpu.get_capabilities()) if hasattr(torch.cpu, "get_capabilities") else {}


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies numbers of bfloat16 itself, which is then about twice as fast as float32."""
    return any(bool(capabilities().get(name)) for name in ("avx512_bf16", "amx_bf16"))


# Whether the processor multiplies tiles of bfloat16 (AMX). No function, which could not be compiled with what asks it.
TILES = bool(capabilities().get("amx_bf16"))


@cache
def take_fast_float32() -> bool:
    """Multiply float32 matrices on AMD processors by oneDNN where PyTorch would ask MKL, which Intel does not tune for them: 240
    instead of 110 GFLOP/s on a core of Zen 5. For this process, once; whether it is done.

    PyTorch goes to oneDNN where it is allowed to round factors to bfloat16. oneDNN does so only with AMX, which is checked here:
    the products stay those of float32. Beside a GPU it is left: PyTorch then refuses to say what precision that is to have.
    """
    backend = getattr(torch.backends.mkldnn, "matmul", None)
    amd = "AMD" in str(capabilities().get("cpu_name", ""))
    if not amd or backend is None or not torch.backends.mkldnn.is_available() or torch.cuda.is_available():
        return False
    before = backend.fp32_precision
    backend.fp32_precision = "bf16"
    if _exact():
        return True
    backend.fp32_precision = before
    return False


def _exact() -> bool:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(256, 192, generator=generator), torch.randn(192, 256, generator=generator)
    wanted = left.double() @ right.double()
    return float(((left @ right).double() - wanted).abs().max() / wanted.abs().max()) < _EXACT


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d)) v of (B, heads, T, d) each.

    On a CPU, short sequences take two matrix products and a softmax: forward and backward of PyTorch's fused kernel there are
    three to eight times as slow (65 to 257 tokens, bfloat16 and float32, Zen 5, PyTorch 2.13). On Intel with AMX the kernel takes
    0.75 to 0.95 of their time in float32, and 0.7 in bfloat16 without a backward pass; with one 1.6 to 3.
    """
    fused = TILES and (query.dtype == torch.float32 or (query.dtype == torch.bfloat16 and not torch.is_grad_enabled()))
    if query.device.type != "cpu" or query.shape[-2] > _SHORT or fused:
        return torch.nn.functional.scaled_dot_product_attention(query, key, value)
    return attention_weights(query, key) @ value


def attention_weights(query: Tensor, key: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d)), (B, heads, T, T), of (B, heads, T, d) each."""
    return (query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)).softmax(dim=-1)


@cache
def workers(count: int) -> ThreadPoolExecutor:
    """Threads with one core each. They stay, because what PyTorch's kernels prepare for a thread goes with it."""
    return ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
