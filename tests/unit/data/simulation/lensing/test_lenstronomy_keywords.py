"""Keywords for lenstronomy draw the same lens again, by lenstronomy alone."""

import json

import numpy as np
import pytest
from lenstronomy.SimulationAPI.sim_api import SimAPI

from lensmae.data.simulation.lenses import simulate_lens
from lensmae.data.simulation.lensing.lenstronomy_keywords import lenstronomy_keywords
from lensmae.data.simulation.lensing.render import noise_free
from lensmae.data.simulation.presets import PRESETS


@pytest.mark.parametrize(("preset", "class_name"), [("model_ii", "cdm"), ("model_iii", "axion"), ("survey_hst", "cdm")])
def test_a_lens_is_drawn_again_from_its_keywords(preset, class_name):
    row = simulate_lens(preset, class_name, seed=4).parameters
    told = json.loads(json.dumps(lenstronomy_keywords(preset, row)))
    api = SimAPI(told["numpix"], told["kwargs_band"], told["kwargs_model"])
    model = api.image_model_class(told["kwargs_numerics"])
    image = model.image(told["kwargs_lens"], told["kwargs_source"], told["kwargs_lens_light"] or None)
    np.testing.assert_allclose(image, noise_free(PRESETS[preset], row), rtol=1e-6, atol=1e-9)
