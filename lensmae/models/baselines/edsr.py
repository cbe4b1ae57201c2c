"""A small EDSR (Lim et al. 2017, arXiv:1707.02921): the convolutional baseline beside every super-resolver."""

import torch.nn.functional as F
from torch import Tensor, nn

from lensmae.models.superres import bicubic


class ConvSuperResolver(nn.Module):
    """LR image (B, 1, h, w) -> HR image, bicubic interpolation plus a residual, any h and w.

    Residual blocks without batch norm, a long skip, pixel shuffle. As in `LensSuperResolver` the last layer starts at zero, so
    that both begin as bicubic interpolation.

    Args:
        scale: integer factor.
        width: channels.
        depth: residual blocks.
        image_size: side of the LR images it is trained on.
    """

    def __init__(
        self, scale: int = 2, width: int = 64, depth: int = 8, image_size: int = 75, residual_scale: float = 0.01
    ) -> None:
        super().__init__()
        self.scale = scale
        self.image_size = image_size
        self.residual_scale = residual_scale
        self.enter = nn.Conv2d(1, width, 3, padding=1)
        self.first = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.second = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.leave = nn.Conv2d(width, scale**2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, flux: Tensor, images: Tensor) -> Tensor:
        """LR flux (B, 1, h, w), the same in transform space -> HR flux (B, 1, scale*h, scale*w)."""
        entered = features = self.enter(images)
        for first, second in zip(self.first, self.second, strict=True):
            features = features + second(F.relu(first(features)))
        residual = F.pixel_shuffle(self.leave(features + entered), self.scale)
        return bicubic(flux, self.scale) + self.residual_scale * residual
