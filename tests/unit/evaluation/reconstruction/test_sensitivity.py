"""Signal-to-noise of a subhalo: against lenstronomy's own image and noise, and what must hold of any such map."""

import numpy as np
import pytest
from lenstronomy.SimulationAPI.sim_api import SimAPI

from lensmae.data import simulate_lens
from lensmae.data.simulation.cameras import CAMERAS
from lensmae.data.simulation.lens_lab import Subhalo, matter_columns
from lensmae.data.simulation.lenses import simulate_row
from lensmae.data.simulation.lensing.lenstronomy_keywords import lenstronomy_keywords
from lensmae.data.simulation.presets import PRESETS
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.reconstruction.anomaly import anomaly_scores
from lensmae.evaluation.reconstruction.sensitivity import noticed, places, sensitivity, smooth_row
from lensmae.models import load_checkpoint
from tests.models import save_small_networks

GRID = 4


@pytest.fixture(scope="module")
def row():
    return simulate_lens("model_ii", "cdm", seed=3).parameters


def drawn_by_lenstronomy(row):
    """Noise-free counts a second, and lenstronomy's own noise of them."""
    words = lenstronomy_keywords("model_ii", row)
    api = SimAPI(words["numpix"], words["kwargs_band"], words["kwargs_model"])
    image = api.image_model_class(words["kwargs_numerics"]).image(
        words["kwargs_lens"], words["kwargs_source"], words["kwargs_lens_light"]
    )
    return image, api.estimate_noise(image)


def test_the_signal_to_noise_of_a_known_lens_is_that_of_lenstronomys_images(row):
    found = sensitivity("model_ii", row, 1e9, GRID)
    smooth, noise = drawn_by_lenstronomy(smooth_row(row))
    along = places(GRID, 64, 0.101)
    for i, j in ((0, 0), (1, 2), (3, 1)):
        there = {**smooth_row(row), "class": "cdm", "subhalo_mass": [1e9], "subhalo_x": [along[j]], "subhalo_y": [along[i]]}
        there["subhalo_concentration"] = [10.0]
        changed, _ = drawn_by_lenstronomy(there)
        assert found.known_lens[i, j] == pytest.approx(np.sqrt((((changed - smooth) / noise) ** 2).sum()), rel=1e-3)


def test_what_lens_and_source_can_imitate_is_no_signal(row):
    found = sensitivity("model_ii", row, 1e8, GRID)
    assert (found.fitted_lens <= found.known_lens + 1e-9).all()
    # In the corners a point mass is hardly more than shear.
    assert found.fitted_lens[0, 0] < 0.2 * found.known_lens[0, 0]


def test_a_heavier_subhalo_and_a_deeper_image_have_more_signal(row):
    light, heavy = (sensitivity("model_ii", row, mass, GRID) for mass in (1e7, 2e7))
    np.testing.assert_allclose(heavy.known_lens, 2 * light.known_lens, rtol=0.02)
    deep = sensitivity("model_ii", row, 1e7, GRID, depth=4.0)
    np.testing.assert_allclose(deep.fitted_lens, 2 * light.fitted_lens, rtol=1e-9)


def test_a_lens_of_a_survey_and_of_model_i_has_a_map_too():
    for preset in ("survey_hst", "model_i"):
        lens = simulate_lens(preset, "no_sub", seed=1).parameters
        found = sensitivity(preset, lens, 1e10, 2)
        assert np.isfinite(found.fitted_lens).all()
        assert found.known_lens.max() > 1.0


def test_bad_wishes_and_pairs_are_refused(row):
    with pytest.raises(ConfigError, match="both must be above 0"):
        sensitivity("model_ii", row, 0.0, GRID)
    with pytest.raises(ConfigError, match="there can be 1 to 64"):
        sensitivity("model_ii", row, 1e9, 65)
    pair = simulate_lens("superres", "no_sub", seed=0).parameters
    with pytest.raises(DatasetError, match="scaled to"):
        sensitivity("superres", pair, 1e9, GRID)


def test_the_network_scores_the_lens_with_the_subhalo_at_each_place(row, tmp_path):
    save_small_networks(tmp_path)
    model = load_checkpoint(tmp_path / "checkpoints/small-mae.safetensors")
    seen = []
    found = noticed(model, "model_ii", row, 1e10, count=2, masks=2, progress=lambda done, total: seen.append((done, total)))
    assert found.shape == (2, 2)
    camera = PRESETS["model_ii"].cameras[0]
    along = places(2, CAMERAS[camera].num_pix, CAMERAS[camera].pixel_scale)
    halos = [Subhalo(1e10, float(x), float(y)) for y in along for x in along]
    rows = [smooth_row(row) | {"class": "cdm", **matter_columns((halo,))} for halo in halos]
    images = np.stack([simulate_row("model_ii", one).image for one in rows])
    np.testing.assert_allclose(found.ravel(), anomaly_scores(model, images, 2).mean, rtol=1e-3)
    assert seen[-1] == (8, 8)
