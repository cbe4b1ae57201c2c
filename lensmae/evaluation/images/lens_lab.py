"""What networks say of a lens made by hand, and how it changes with the mass of its substructure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lensmae.data.images.fitting import fit_pixels
from lensmae.data.simulation.lens_lab import Substructure, Vortex, lab_row
from lensmae.data.simulation.lenses import simulate_row
from lensmae.errors import ConfigError
from lensmae.evaluation.images.classified import Classified, choose, classify
from lensmae.evaluation.metrics import masked_mse
from lensmae.evaluation.ood.references import Reference
from lensmae.models import Classifier, Reconstructor
from lensmae.progress import Progress

SUBHALO_MASSES = np.logspace(7, 11, 13)
AXION_MASSES = np.logspace(-24, -22, 13)
Finish = Callable[[np.ndarray], np.ndarray]


def _as_it_is(image: np.ndarray) -> np.ndarray:
    return image


@dataclass(frozen=True)
class MaskedReconstruction:
    """A lens with hidden patches reconstructed.

    Attributes:
        prediction: (H, W) flux at the network's size, hidden patches reconstructed, the others as they were.
        image: (H, W) flux at the network's size.
        mse: of hidden pixels, image scaled to [0, 1].
        mask_ratio: share of hidden patches.
    """

    prediction: np.ndarray
    image: np.ndarray
    mse: float
    mask_ratio: float


def class_probabilities(model: Classifier, image: np.ndarray, averaged: bool) -> np.ndarray:
    """Softmax (K,) of one image (H, W), which is brought to the network's size; of the mean over eight symmetries where
    `averaged`."""
    return model.predict(_fitted(image, model.image_size)[None], d4=averaged)[0]


def answer(
    image: np.ndarray, model: Classifier, reference: Reference | None, specialist: tuple[Classifier, Reference] | None = None
) -> Classified:
    """The class that is answered for one image (H, W), which is brought to each network's size: by the specialist inside its
    domain, else by the classifier, and withheld out of its domain.

    Args:
        image: flux (H, W).
        model: the generalist.
        reference: of the generalist; None where there is none.
        specialist: network and reference that answer inside their domain; None for none.
    """
    asked = [(model, reference), *([specialist] if specialist else [])]
    found = [classify(one, known, *_alone(image, one))[0] for one, known in asked]
    return choose(found[1], found[0]) if specialist else found[0]


def _alone(image: np.ndarray, model: Classifier) -> tuple[np.ndarray, np.ndarray]:
    fitted = _fitted(image, model.image_size)[None]
    return fitted, np.array([fitted[0].shape != image.shape])


def reconstruct(model: Reconstructor, image: np.ndarray, mask_ratio: float = 0.75, seed: int = 0) -> MaskedReconstruction:
    """Hide patches of an image (H, W), at the network's size, and let the network reconstruct them.

    Args:
        model: the network.
        image: flux (H, W).
        mask_ratio: share of patches hidden, in [0, 1).
        seed: of the mask.
    """
    fitted = _fitted(image, model.image_size)
    drawn = model.predict(fitted[None], mask_ratio=mask_ratio, seed=seed)
    error = masked_mse(fitted[None], drawn.prediction, drawn.mask)
    return MaskedReconstruction(np.where(drawn.mask[0], drawn.prediction[0], fitted), fitted, float(error[0]), mask_ratio)


def _fitted(image: np.ndarray, size: int) -> np.ndarray:
    return image if image.shape == (size, size) else fit_pixels(image, size, None, None).pixels


def sweep_mass(
    model: Classifier,
    preset: str,
    scalars: Mapping[str, float],
    substructure: Substructure,
    seed: int,
    *,
    which: int = 0,
    base: Mapping[str, Any] | None = None,
    masses: np.ndarray | None = None,
    finish: Finish = _as_it_is,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Class probabilities of one lens under other masses of one of its subhalos, or of its axion. Columns: subhalo_mass (Msun) or
    axion_mass_ev (eV), and the classes. The noise is that of the same seed at every mass, so that what changes is the mass.

    Args:
        model: the classifier.
        preset: name of a preset.
        scalars: parameters by name.
        substructure: subhalos, or a vortex.
        seed: of the lens.
        which: index of the subhalo that changes.
        base: row that other columns come from.
        masses: (M,) in Msun or eV; `SUBHALO_MASSES` or `AXION_MASSES` where None.
        finish: changes each image before it is classified.
        progress: called with (masses done, masses in all).
    """
    axion = isinstance(substructure, Vortex)
    if not axion and not 0 <= which < len(substructure):
        raise ConfigError(f"There is no subhalo {which + 1}; the lens has {len(substructure)}.")
    masses = (AXION_MASSES if axion else SUBHALO_MASSES) if masses is None else masses
    found = []
    for done, mass in enumerate(masses.tolist(), start=1):
        row = lab_row(preset, scalars, _of_mass(substructure, which, mass), seed, base)
        image = finish(simulate_row(preset, row).image)
        found.append(class_probabilities(model, image, model.card.symmetric))
        if progress is not None:
            progress(done, len(masses))
    column = "axion_mass_ev" if axion else "subhalo_mass"
    return pd.DataFrame(np.array(found), columns=list(model.classes)).assign(**{column: masses})[[column, *model.classes]]


def _of_mass(substructure: Substructure, which: int, mass: float) -> Substructure:
    if isinstance(substructure, Vortex):
        return replace(substructure, axion_mass=mass)
    # The concentration follows the mass.
    changed = replace(substructure[which], mass=mass, concentration=None)
    return [*substructure[:which], changed, *substructure[which + 1 :]]
