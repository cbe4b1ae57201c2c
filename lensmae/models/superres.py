"""`LensSuperResolver`: bicubic interpolation plus a residual drawn from the MAE encoder's token grid."""

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from lensmae.models.mae import MAEEncoder


def bicubic(images: Tensor, scale: int) -> Tensor:
    """Bicubic interpolation (Keys 1981, a = -0.75, half-pixel centres) of (B, C, H, W) by an integer scale."""
    return F.interpolate(images, scale_factor=scale, mode="bicubic", align_corners=False)


class LensSuperResolver(nn.Module):
    """LR image (B, 1, h, w) -> HR image (B, 1, scale*h, scale*w), any h and w.

    Tokens in raster order are unfolded to LR pixels, fused with the LR image by a few convolutions (no batch norm) and
    moved to the HR grid by pixel shuffle (Shi et al. 2016, arXiv:1609.05158). The last layer starts at zero, so an
    untrained network is exactly bicubic interpolation.
    """

    def __init__(
        self, encoder: MAEEncoder, scale: int = 2, width: int = 48, depth: int = 4, residual_scale: float = 0.01
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.scale = scale
        self.residual_scale = residual_scale
        token_channels = max(1, encoder.emb_dim // encoder.patch_size**2)
        self.unfold = nn.Linear(encoder.emb_dim, token_channels * encoder.patch_size**2)
        self.enter = nn.Conv2d(token_channels + 1, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.leave = nn.Conv2d(width, scale**2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def _token_pixels(self, images: Tensor) -> Tensor:
        """Pad to a multiple of the patch, encode, unfold tokens to pixels, crop back: (B, C', h, w)."""
        size = self.encoder.patch_size
        height, width = images.shape[-2:]
        padded = F.pad(images, (0, -width % size, 0, -height % size), mode="replicate")
        rows, columns = self.encoder.grid(padded)
        tokens = self.unfold(self.encoder.tokens(padded))
        pixels = rearrange(tokens, "b (h w) (c p q) -> b c (h p) (w q)", h=rows, w=columns, p=size, q=size)
        return pixels[..., :height, :width]

    def forward(self, flux: Tensor, images: Tensor) -> Tensor:
        """Super-resolve.

        Args:
            flux: LR images (B, 1, h, w) in their own flux unit.
            images: the same in transform space, what the encoder reads.

        Returns:
            HR images (B, 1, scale*h, scale*w) in the unit of `flux`.
        """
        features = self.enter(torch.cat([self._token_pixels(images), images], dim=1))
        for layer in self.body:
            features = features + layer(F.gelu(features))
        residual = F.pixel_shuffle(self.leave(F.gelu(features)), self.scale)
        return bicubic(flux, self.scale) + self.residual_scale * residual


def bicubic_upsample(images: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic interpolation (a = -0.75, half-pixel centres): (B, h, w) -> (B, scale*h, scale*w) float32."""
    flux = torch.from_numpy(np.array(images, dtype=np.float32)).unsqueeze(1)
    return bicubic(flux, scale).squeeze(1).numpy()
