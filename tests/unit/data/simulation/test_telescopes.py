"""The same lens through several telescopes is the same lens: same flux, same ring, on one field."""

import numpy as np
import pytest
from lenstronomy.SimulationAPI.sim_api import SimAPI

from lensmae.data import simulate_lens
from lensmae.data.simulation.batched.telescopes import TELESCOPES, row_elsewhere, through
from lensmae.data.simulation.lensing.lenstronomy_keywords import lenstronomy_keywords


@pytest.fixture(scope="module")
def row():
    return row_elsewhere("model_ii", simulate_lens("model_ii", "no_sub", seed=3).parameters)


def test_every_telescope_sees_the_same_flux_on_the_same_field(row):
    views = [through(telescope, row) for telescope in TELESCOPES]
    fluxes = [view.expected.sum(dtype=float) * view.pixel_scale**2 for view in views]
    np.testing.assert_allclose(fluxes, fluxes[0], rtol=0.01)
    for view in views:
        assert view.image.shape[0] * view.pixel_scale == pytest.approx(6.4, abs=view.pixel_scale)
        assert view.signal_to_noise > 1


def test_the_ring_is_as_large_as_in_the_preset_it_comes_from(row):
    """Model II bends light by 0.634 of what the lens would; the flux-weighted radius is compared."""

    def radius(image, scale):
        along = (np.arange(len(image)) - (len(image) - 1) / 2) * scale
        x, y = np.meshgrid(along, along)
        return float((np.hypot(x, y) * image).sum() / image.sum())

    own = radius(simulate_lens("model_ii", "no_sub", seed=3).image, 0.101)
    view = through("survey_euclid", row)
    assert radius(view.expected, view.pixel_scale) == pytest.approx(own, rel=0.02)


def test_the_image_is_lenstronomys(row):
    view = through("survey_euclid", row, field=64 * 0.101)
    words = lenstronomy_keywords("survey_euclid", row)
    model = SimAPI(words["numpix"], words["kwargs_band"], words["kwargs_model"]).image_model_class(words["kwargs_numerics"])
    counts = model.image(words["kwargs_lens"], words["kwargs_source"], words["kwargs_lens_light"])
    # 1 nJy has the AB magnitude 31.4; the zero point of the camera is 25.72.
    np.testing.assert_allclose(view.expected, counts * 10 ** (0.4 * (31.4 - 25.72)) / 0.101**2, rtol=1e-4)


def test_the_noise_is_that_of_the_seed(row):
    first, again = (through("survey_hst", row).image for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (through("survey_hst", row | {"seed": 4}).image != first).any()
