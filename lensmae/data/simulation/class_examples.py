"""One lens with each kind of substructure in turn: what the class names mean, as pictures."""

from dataclasses import dataclass

import numpy as np

from lensmae.data.simulation.batched import generator_of
from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.imaging import render
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.presets import CLASSES, PRESETS

# Its subhalos and its vortex both change the ring visibly.
_SEED = 3


@dataclass(frozen=True)
class ClassExample:
    """A lens of one class.

    Attributes:
        class_name: one of `CLASSES`.
        image: (H, W) float32 flux, noise-free, in the unit of Model II.
        change: (H, W) float32, what its substructure changes: `image` minus the same lens without substructure.
    """

    class_name: str
    image: np.ndarray
    change: np.ndarray


def class_examples(seed: int = _SEED) -> list[ClassExample]:
    """The same Model II lens and source without substructure, with cold dark matter subhalos, and with an axion vortex."""
    images = {name: _image(name, seed) for name in CLASSES}
    return [ClassExample(name, image, image - images["no_sub"]) for name, image in images.items()]


def _image(class_name: str, seed: int) -> np.ndarray:
    # Lens and source are drawn before the substructure, so that one seed gives one lens.
    scene, _ = model_scene(PRESETS["model_ii"], class_name, 1, Draws(generator_of(seed)), free=False)
    return render(scene).numpy()[0].astype(np.float32)
