"""What the nearest training lenses of an image look like."""

from dataclasses import dataclass

import numpy as np
import torch

from lensmae.data import LensDataset
from lensmae.data.symmetry import apply_d4
from lensmae.evaluation.ood.domain import DomainCheck
from lensmae.evaluation.ood.references import Reference


@dataclass(frozen=True)
class Neighbour:
    """A training lens near an image.

    Attributes:
        row: in the data set that the reference names.
        image: (H, W) float32, turned as it was when it was embedded; a thumbnail on [0, 1] where the data set is not at hand.
        distance: in the embedding space.
    """

    row: int
    class_name: str
    image: np.ndarray
    distance: float


def neighbours(check: DomainCheck, reference: Reference, dataset: LensDataset | None = None) -> list[Neighbour]:
    """The nearest training lenses, the nearest first; at full size from the data set that the reference was made of."""
    return [
        Neighbour(int(reference.rows[index]), reference.class_of(index), _image(reference, index, dataset), float(distance))
        for index, distance in zip(check.neighbours.tolist(), check.distances, strict=True)
    ]


def _image(reference: Reference, index: int, dataset: LensDataset | None) -> np.ndarray:
    if dataset is None:
        return reference.picture(index)
    image = torch.from_numpy(np.array(dataset.images[int(reference.rows[index])]))
    return apply_d4(image, int(reference.turns[index])).numpy()
