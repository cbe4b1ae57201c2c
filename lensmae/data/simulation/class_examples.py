"""One lens with each kind of substructure in turn: what the class names mean, as pictures."""

from dataclasses import dataclass, replace

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
    scenes = {name: model_scene(PRESETS["model_ii"], name, 1, Draws(generator_of(seed)))[0] for name in CLASSES}
    # One lens and one source; only the substructure is that of each class.
    scenes = {name: replace(scenes["no_sub"], points=scene.points) for name, scene in scenes.items()}
    images = {name: render(scene).numpy()[0].astype(np.float32) for name, scene in scenes.items()}
    return [ClassExample(name, image, image - images["no_sub"]) for name, image in images.items()]
