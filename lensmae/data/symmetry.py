"""The eight symmetries of the square (D4): a lens turned by 90 degrees or mirrored is as good a lens."""

import torch
from torch import Tensor

D4_ORDER = 8


def apply_d4(images: Tensor, element: int) -> Tensor:
    """Turn images (..., H, W) by `element % 4` quarter turns, after a left-right flip where `element >= 4`."""
    if element >= 4:
        images = images.flip(-1)
    return torch.rot90(images, element % 4, dims=(-2, -1))


def undo_d4(images: Tensor, element: int) -> Tensor:
    """Inverse of `apply_d4`."""
    images = torch.rot90(images, -(element % 4), dims=(-2, -1))
    return images.flip(-1) if element >= 4 else images


def random_d4(images: Tensor, elements: Tensor) -> Tensor:
    """Apply one symmetry an image: images (B, C, H, W) square, elements (B,) in 0..7."""
    turned = torch.empty_like(images)
    for element in range(D4_ORDER):
        chosen = elements == element
        turned[chosen] = apply_d4(images[chosen], element)
    return turned
