"""Transformer blocks: pre-norm attention and MLP (Dosovitskiy et al. 2021, arXiv:2010.11929, eq. 2-3)."""

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from lensmae.models.arithmetic import attend, attention_weights

# torch's own; published ViTMAE weights have 1e-6.
NORM_EPS = 1e-5


class Attention(nn.Module):
    """Multi-head self-attention over tokens (B, T, C); query, key and value share one projection, without bias by default."""

    def __init__(self, dim: int, heads: int, qkv_bias: bool = False) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"emb_dim {dim} is not divisible by {heads} heads.")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = rearrange(self.qkv(tokens), "b t (three h d) -> three b h t d", three=3, h=self.heads)
        return self.proj(rearrange(attend(query, key, value), "b h t d -> b t (h d)"))

    def weights(self, tokens: Tensor) -> Tensor:
        """The softmax weights (B, heads, T, T), which the fused attention of `forward` does not give."""
        query, key, _ = rearrange(self.qkv(tokens), "b t (three h d) -> three b h t d", three=3, h=self.heads)
        return attention_weights(query, key)


class Mlp(nn.Module):
    """Two linear layers with a GELU between, hidden width 4 x dim."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """One pre-norm transformer layer; `drop_path` skips a residual branch for a whole image in training
    (stochastic depth, Huang et al. 2016, arXiv:1603.09382)."""

    def __init__(self, dim: int, heads: int, drop_path: float = 0.0, qkv_bias: bool = False, norm_eps: float = NORM_EPS) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = Attention(dim, heads, qkv_bias)
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = Mlp(dim)
        self.drop_path = drop_path

    def _branch(self, residual: Tensor) -> Tensor:
        if not self.training or self.drop_path == 0.0:
            return residual
        keep = 1.0 - self.drop_path
        return residual * residual.new_empty(residual.shape[0], 1, 1).bernoulli_(keep) / keep

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self._branch(self.attn(self.norm1(tokens)))
        return tokens + self._branch(self.mlp(self.norm2(tokens)))


def transformer(
    dim: int, layers: int, heads: int, drop_path: float = 0.0, qkv_bias: bool = False, norm_eps: float = NORM_EPS
) -> nn.Sequential:
    """`layers` blocks whose drop-path rate rises linearly from 0 to `drop_path`.

    Args:
        dim: token width.
        layers: blocks.
        heads: attention heads of each; they divide `dim`.
        drop_path: stochastic depth of the last block, in [0, 1).
        qkv_bias: whether the projection of queries, keys and values has a bias, as in ViTMAE's weights.
        norm_eps: added to the variance by layer norms.
    """
    rates = [drop_path * layer / max(1, layers - 1) for layer in range(layers)]
    return nn.Sequential(*(Block(dim, heads, rate, qkv_bias, norm_eps) for rate in rates))


def init_linear(module: nn.Module) -> None:
    """Xavier-uniform weights and zero biases for every linear layer (He et al. 2022, arXiv:2111.06377, appendix A.1)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
