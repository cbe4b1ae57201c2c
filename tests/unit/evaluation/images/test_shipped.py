"""What the networks that come along say of lenses that they must not be wrong about with confidence."""

import numpy as np
import pytest

from lensmae.data import simulate_row
from lensmae.data.simulation.lens_lab import lab_row
from lensmae.evaluation.images.automatic import GENERALIST, SPECIALIST
from lensmae.evaluation.images.lens_lab import answer
from lensmae.evaluation.ood.references import find_reference
from lensmae.models import load_checkpoint
from lensmae.shipped import CHECKPOINTS
from tests.unit.data.simulation.test_lens_lab import ROUND


@pytest.fixture(scope="module")
def networks():
    """Both classifiers with their references, as the Lens lab asks them."""
    found = []
    for name in (GENERALIST, SPECIALIST):
        model = load_checkpoint(CHECKPOINTS / f"{name}.safetensors")
        found.append((model, find_reference(model.path)))
    return found


@pytest.mark.parametrize("noise_level", [0.0, 0.02, 0.1, 0.3])
def test_a_smooth_lens_in_the_lab_is_not_called_cdm_for_a_little_noise(networks, noise_level):
    generalist, specialist = networks
    for seed in range(4):
        row = lab_row("model_ii", ROUND | {"noise_level": noise_level}, [], seed)
        told = answer(simulate_row("model_ii", row).image, *generalist, specialist)
        chance = dict(zip(told.classes, told.probabilities, strict=True))["cdm"]
        assert told.called in (None, "no_sub") or chance < 0.9, (seed, told.called, chance)
        assert np.isclose(told.probabilities.sum(), 1)
