"""A convolutional stem beside a transformer's patch projection (Xiao et al. 2021, arXiv:2106.14881)."""

from itertools import pairwise
from math import gcd

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

# Channels that are normalised together; a width that has no such divisor is normalised in fewer groups.
_GROUP = 16


class _ResidualBlock(nn.Module):
    """A pre-activation residual block (He et al. 2016, arXiv:1603.05027), normalised in groups of channels (Wu & He 2018,
    arXiv:1803.08494), which do not depend on what else is in a batch. It starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        groups = gcd(channels, max(1, channels // _GROUP))
        self.norm1 = nn.GroupNorm(groups, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, features: Tensor) -> Tensor:
        change = self.conv1(F.gelu(self.norm1(features)))
        return features + self.conv2(F.gelu(self.norm2(change)))


class ConvStem(nn.Module):
    """Tokens from a few convolutions, whose receptive field reaches over the borders of a patch.

    One convolution of stride 2 for each halving down to the patch grid, its channels doubling from `width` up to 4 x `width`,
    and `depth` residual blocks after each; then two residual layers and a 1 x 1 projection to the token width.

    Args:
        emb_dim: token width.
        patch_size: pixels a token; a power of two, at least 2.
        width: channels after the first convolution.
        depth: residual blocks at each resolution.
    """

    def __init__(self, emb_dim: int, patch_size: int, width: int, depth: int = 0) -> None:
        super().__init__()
        if patch_size < 2 or patch_size & (patch_size - 1):
            raise ValueError(f"A convolutional stem needs a patch size of 2, 4, 8, ..., not {patch_size}.")
        halvings = patch_size.bit_length() - 1
        channels = [1] + [width * min(4, 2**step) for step in range(halvings)]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(channels))
        self.blocks = nn.ModuleList(nn.Sequential(*(_ResidualBlock(count) for _ in range(depth))) for count in channels[1:])
        self.mix = nn.ModuleList(nn.Conv2d(channels[-1], channels[-1], 3, padding=1) for _ in range(2))
        self.leave = nn.Conv2d(channels[-1], emb_dim, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) -> tokens (B, T, emb_dim) in raster order."""
        features = images
        for layer, blocks in zip(self.down, self.blocks, strict=True):
            features = blocks(F.gelu(layer(features)))
        for layer in self.mix:
            features = features + F.gelu(layer(features))
        return rearrange(self.leave(features), "b c h w -> b (h w) c")
