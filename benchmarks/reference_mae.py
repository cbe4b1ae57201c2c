"""A second, independent masked autoencoder to measure `MAEViT` against: the layout of IcarusWizard/MAE in plain torch.

Tokens run sequence-first through the shuffling, (T, B, C); every image draws its order on the CPU, in a Python loop; blocks are
those of timm's ViT (pre-norm, fused attention, no bias in the joint projection). Same sizes and parameters as `MAEViT`.
It shares no code with `lensmae.models` and is used by `lensmae benchmark pretrain` only.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _Layer(nn.Module):
    """One ViT layer on (B, N, C)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.joint = nn.Linear(width, width * 3, bias=False)
        self.out = nn.Linear(width, width)
        self.before_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, width * 4), nn.GELU(), nn.Linear(width * 4, width))

    def _attend(self, x: Tensor) -> Tensor:
        images, length, width = x.shape
        parts = self.joint(x).reshape(images, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts.unbind(0))
        return self.out(mixed.transpose(1, 2).reshape(images, length, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._attend(self.before_attention(x))
        return x + self.mlp(self.before_mlp(x))


class SequenceFirstMAE(nn.Module):
    """Images (B, 1, H, W) -> prediction and mask of the same shape (1 = hidden)."""

    def __init__(
        self,
        side: int = 64,
        patch: int = 4,
        width: int = 192,
        layers: tuple[int, int] = (12, 4),
        heads: int = 3,
        hide: float = 0.75,
    ) -> None:
        super().__init__()
        self.patch, self.tokens = patch, (side // patch) ** 2
        self.kept = int(self.tokens * (1 - hide))
        self.cut = nn.Conv2d(1, width, patch, stride=patch)
        self.encoder_places = nn.Parameter(0.02 * torch.randn(self.tokens, 1, width))
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.encoder = nn.Sequential(*(_Layer(width, heads) for _ in range(layers[0])))
        self.norm = nn.LayerNorm(width)
        self.hidden_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.decoder_places = nn.Parameter(0.02 * torch.randn(self.tokens + 1, 1, width))
        self.decoder = nn.Sequential(*(_Layer(width, heads) for _ in range(layers[1])))
        self.head = nn.Linear(width, patch**2)

    def _orders(self, images: int) -> tuple[Tensor, Tensor]:
        """A random order for each image and its inverse, (T, B) each."""
        orders = [np.random.permutation(self.tokens) for _ in range(images)]  # noqa: NPY002, as the code it stands for does
        inverse = [np.argsort(order) for order in orders]
        return torch.from_numpy(np.stack(orders, axis=1)), torch.from_numpy(np.stack(inverse, axis=1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        sequence = self.cut(images).flatten(2).permute(2, 0, 1) + self.encoder_places
        length, count, width = sequence.shape
        order, inverse = self._orders(count)
        visible = sequence.gather(0, order[:, :, None].expand(-1, -1, width))[: self.kept]
        visible = torch.cat([self.class_token.expand(1, count, width), visible])
        features = self.norm(self.encoder(visible.transpose(0, 1))).transpose(0, 1)
        blanks = self.hidden_token.expand(length - self.kept, count, width)
        # The class token stays in front: index 0, all others one further on.
        back = torch.cat([torch.zeros(1, count, dtype=inverse.dtype), inverse + 1])
        complete = torch.cat([features, blanks]).gather(0, back[:, :, None].expand(-1, -1, width)) + self.decoder_places
        drawn = self.head(self.decoder(complete.transpose(0, 1)).transpose(0, 1)[1:])
        hidden = torch.zeros_like(drawn)
        hidden[self.kept :] = 1
        hidden = hidden.gather(0, inverse[:, :, None].expand(-1, -1, drawn.shape[-1]))
        return self._picture(drawn), self._picture(hidden)

    def _picture(self, sequence: Tensor) -> Tensor:
        """(T, B, p * p) -> (B, 1, H, W)."""
        length, count, _ = sequence.shape
        rows = round(length**0.5)
        cells = sequence.permute(1, 0, 2).reshape(count, rows, rows, self.patch, self.patch)
        return cells.permute(0, 1, 3, 2, 4).reshape(count, 1, rows * self.patch, rows * self.patch)
