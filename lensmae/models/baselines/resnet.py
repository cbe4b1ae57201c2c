"""ResNet-18 (He et al. 2016, arXiv:1512.03385, table 1): the supervised baseline beside every classifier."""

import torch.nn.functional as F
from torch import Tensor, nn

from lensmae.models.linear_prior import LinearPrior

_STAGES = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, and a shortcut that is projected where shapes change."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, channels_in, H, W) -> (B, channels, H / stride, W / stride)."""
        change = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(features)))))
        return F.relu(change + self.shortcut(features))


class ResNetClassifier(nn.Module):
    """Class logits from a ResNet-18 with one input channel.

    Args:
        classes: number of classes.
        image_size: side of the images it is trained on; without `residual` it takes any size from 32 pixels on.
        residual: as of `LensClassifier`.
    """

    mass = None

    def __init__(self, classes: int = 3, image_size: int = 64, residual: int = 0) -> None:
        super().__init__()
        # Nothing is hidden from it, so the size of the prior's patches does not matter.
        self.prior = LinearPrior(residual, image_size, image_size) if residual else None
        self.image_size = image_size
        self.conv = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        widths = (64, *_STAGES)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(BasicBlock(widths[stage], channels, 1 if stage == 0 else 2), BasicBlock(channels, channels, 1))
                for stage, channels in enumerate(_STAGES)
            )
        )
        self.head = nn.Linear(_STAGES[-1], classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def network_input(self, images: Tensor) -> Tensor:
        """What the network looks at instead of images (B, 1, H, W): their residual, where it has a prior."""
        return images if self.prior is None else self.prior.residual(images)

    def features(self, images: Tensor, seen: Tensor | None = None) -> Tensor:
        """Images (B, 1, H, W) -> the mean over the last feature map, (B, 512). `seen` is their `network_input` where that is
        known already."""
        return self._pooled(self.network_input(images) if seen is None else seen)

    def _pooled(self, inputs: Tensor) -> Tensor:
        first = F.max_pool2d(F.relu(self.norm(self.conv(inputs))), 3, stride=2, padding=1)
        return self.stages(first).mean(dim=(2, 3))

    def kept_tokens(self, images: Tensor) -> None:
        """As of `LensClassifier`: all of an image is read."""

    def logits_of_input(self, inputs: Tensor, indices: None = None) -> Tensor:
        """Logits (B, classes) of what `seen` gave, (B, 1, H, W)."""
        return self.logits(self._pooled(inputs))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (B, classes) of the mean over the last feature map (B, 512)."""
        return self.head(features)

    def forward(self, images: Tensor, seen: Tensor | None = None) -> Tensor:
        """Logits (B, classes) of images (B, 1, H, W); `seen` as of `features`."""
        return self.logits(self.features(images, seen))
