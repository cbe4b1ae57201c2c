"""A convolutional stem beside a transformer's patch projection (Xiao et al. 2021, arXiv:2106.14881)."""

from itertools import pairwise

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


class ConvStem(nn.Module):
    """Tokens from a few convolutions, whose receptive field reaches over the borders of a patch.

    One convolution of stride 2 for each halving down to the patch grid, its channels doubling from `width` up to 4 x `width`;
    then two residual layers and a 1 x 1 projection to the token width.

    Args:
        emb_dim: token width.
        patch_size: pixels a token; a power of two, at least 2.
        width: channels after the first convolution.
    """

    def __init__(self, emb_dim: int, patch_size: int, width: int) -> None:
        super().__init__()
        if patch_size < 2 or patch_size & (patch_size - 1):
            raise ValueError(f"A convolutional stem needs a patch size of 2, 4, 8, ..., not {patch_size}.")
        halvings = patch_size.bit_length() - 1
        channels = [1] + [width * min(4, 2**step) for step in range(halvings)]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(channels))
        self.mix = nn.ModuleList(nn.Conv2d(channels[-1], channels[-1], 3, padding=1) for _ in range(2))
        self.leave = nn.Conv2d(channels[-1], emb_dim, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) -> tokens (B, T, emb_dim) in raster order."""
        features = images
        for layer in self.down:
            features = F.gelu(layer(features))
        for layer in self.mix:
            features = features + F.gelu(layer(features))
        return rearrange(self.leave(features), "b c h w -> b (h w) c")
