"""The eight symmetries of the square (D4): a lens turned by 90 degrees or mirrored is as good a lens."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

D4_ORDER = 8

# What training turns images by: nothing; half a turn, which takes a lens that is its own mirror image in its centre (an ellipse
# with shear) to the same lens with its source on the other side; or all of D4.
Symmetry = Literal["none", "half_turn", "d4"]
ELEMENTS: dict[Symmetry, tuple[int, ...]] = {"none": (0,), "half_turn": (0, 2), "d4": tuple(range(D4_ORDER))}


def apply_d4(images: Tensor, element: int) -> Tensor:
    """Turn images (..., H, W) by `element % 4` quarter turns, after a left-right flip where `element >= 4`."""
    if element >= 4:
        images = images.flip(-1)
    return torch.rot90(images, element % 4, dims=(-2, -1))


def undo_d4(images: Tensor, element: int) -> Tensor:
    """Inverse of `apply_d4`."""
    images = torch.rot90(images, -(element % 4), dims=(-2, -1))
    return images.flip(-1) if element >= 4 else images


def d4_mean(answer: Callable[[int], Tensor], symmetries: int = D4_ORDER) -> Tensor:
    """Mean of a network's answers under the symmetries.

    Args:
        answer: called with an element of D4; of images, already turned back by `undo_d4`. All answers have one shape.
        symmetries: how many, 1 (the image as it is) or 8.
    """
    return torch.stack([answer(element) for element in range(symmetries)]).mean(dim=0)


def recorded_symmetry(value: Any) -> Any:
    """A symmetry as a record holds it: a yes or no in those written before half turns were a choice."""
    return {True: "d4", False: "none"}[value] if isinstance(value, bool) else value


def draw_elements(symmetry: Symmetry, count: int, generator: torch.Generator) -> Tensor:
    """So many elements (count,) of a symmetry, each as likely as the others, as `random_d4` takes them; on the generator's
    device."""
    elements = ELEMENTS[symmetry]
    # They lie at equal distances; a table of them would be copied to a GPU at every step.
    distance = elements[1] - elements[0] if len(elements) > 1 else 1
    return elements[0] + distance * torch.randint(len(elements), (count,), generator=generator, device=generator.device)


def random_d4(images: Tensor, elements: Tensor) -> Tensor:
    """Apply one symmetry an image: images (B, C, H, W) square, elements (B,) in 0..7."""
    # All eight of each, and one is taken: to choose images by a mask, a GPU would be waited for eight times.
    every = torch.stack([apply_d4(images, element) for element in range(D4_ORDER)])
    return every[elements, torch.arange(len(images), device=images.device)]
