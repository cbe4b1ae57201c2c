"""A residual convolutional network for lenses of any size, pose and flux scale: the generalist classifier on two CPU cores.

Residual blocks after He et al. 2016 (arXiv:1512.03385, figure 5), at 1/2, 1/4, 1/8 ... of the image's resolution; the last map is
pooled with learned weights (attention pooling, Ilse et al. 2018, arXiv:1802.04712, eq. 7), so that the amount of sky around a
lens does not matter.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from lensmae.models.baselines.resnet import BasicBlock


class ConvClassifier(nn.Module):
    """Class logits from images in the transform space of `lensmae.data.transforms.SURVIVING`.

    The network looks at two views of an image: asinh of 100 times the flux (what is faint), and asinh of the flux itself (what is
    bright), where flux is in units of the arc's crest.

    Args:
        classes: number of classes.
        image_size: side of the images it is trained on; it takes any size from 8 pixels on.
        widths: channels at each resolution, from half the image's on.
        blocks: residual blocks at each resolution.
        softening: flux at which the stretch of the input turns from linear to logarithmic, and the factor before its inverse.
    """

    mass = None
    prior = None

    def __init__(
        self,
        classes: int = 3,
        image_size: int = 64,
        widths: Sequence[int] = (32, 64, 128),
        blocks: int = 2,
        softening: tuple[float, float] = (0.01, 3.0),
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.softening = softening
        self.conv = nn.Conv2d(2 * 4, widths[0], 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        layers, channels = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(BasicBlock(channels, width, 2 if stage and not block else 1))
                channels = width
        self.blocks = nn.Sequential(*layers)
        self.score = nn.Conv2d(channels, 1, 1)
        self.head = nn.Linear(channels, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        # Pooling begins as a plain mean.
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def network_input(self, images: Tensor) -> Tensor:
        """What the network looks at, of the shape of images (B, 1, H, W): the images."""
        return images

    def views(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) -> both views, (B, 2, H, W)."""
        softening, factor = self.softening
        # In float32: the inverse of the stretch loses the difference of bright pixels in fewer bits.
        flux = softening * torch.sinh((factor * images.float()).clamp(-_LARGEST, _LARGEST))
        return torch.cat([2 * torch.asinh(flux), images.float()], dim=1)

    def feature_map(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) -> the last map (B, C, h, w)."""
        height, width = images.shape[-2:]
        if height % 2 or width % 2:
            images = F.pad(images, (0, width % 2, 0, height % 2), mode="replicate")
        # Substructure is a thousandth of what the first layer reads; in bfloat16 it would be rounded away.
        with torch.autocast(images.device.type, enabled=False):
            quarters = rearrange(self.views(images), "b c (h p) (w q) -> b (c p q) h w", p=2, q=2)
            first = F.relu(self.norm(self.conv(quarters.contiguous(memory_format=torch.channels_last))))
        return self.blocks(first)

    def features(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) -> the pooled last map, (B, C)."""
        features = self.feature_map(images)
        weights = self.score(features).flatten(2).softmax(dim=2)
        return (features.flatten(2) * weights).sum(dim=2)

    def kept_tokens(self, images: Tensor) -> None:
        """As of `LensClassifier`: all of an image is read."""

    def logits_of_input(self, inputs: Tensor, indices: None = None) -> Tensor:
        """Logits (B, classes) of what `seen` gave, (B, 1, H, W)."""
        return self.logits(self.features(inputs))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, classes) of the pooled last map (B, C)."""
        return self.head(features)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, 1, H, W)."""
        return self.logits(self.features(images))


# asinh of float32's largest number is 89; sinh of more would overflow.
_LARGEST = 80.0
