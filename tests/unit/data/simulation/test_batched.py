"""Batched lenses against lenstronomy, lens by lens."""

import numpy as np
import pytest
import torch
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI
from scipy.ndimage import gaussian_filter

from lensmae.data.simulation.batched import generator_of, render, simulate_batch
from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.imaging import gaussian_matrix
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.batched.pose import posed
from lensmae.data.simulation.batched.rows import scene_of_rows
from lensmae.data.simulation.cameras import EUCLID_VIS
from lensmae.data.simulation.lenses import simulate_lens
from lensmae.data.simulation.noise import expected_image
from lensmae.data.simulation.presets import CLASSES, PRESETS
from lensmae.data.simulation.render import noise_free
from lensmae.errors import DatasetError


def largest_difference(images, expected):
    """Of each image, as a share of its peak."""
    expected = np.asarray(expected)
    return np.abs(images.double().numpy() - expected).max((1, 2)) / expected.max((1, 2))


@pytest.mark.parametrize("preset", ["model_i", "model_ii", "model_iii"])
@pytest.mark.parametrize("class_name", CLASSES)
def test_rows_give_the_lenses_of_lenstronomy(preset, class_name):
    rows = [simulate_lens(preset, class_name, seed).parameters for seed in range(3 if preset == "model_i" else 10)]
    expected = [expected_image(PRESETS[preset], row, noise_free(PRESETS[preset], row)) for row in rows]
    scene = scene_of_rows(PRESETS[preset], rows)
    assert largest_difference(render(scene, torch.float64), expected).max() < 1e-10
    assert largest_difference(render(scene), expected).max() < 1e-5


def by_lenstronomy(scene, place):
    """One lens of a Model II scene by lenstronomy's own classes, nothing of ours between."""
    macro, source, points = scene.macro, scene.source, scene.points
    lens = [
        {
            "theta_E": float(macro.theta_E[place]),
            "e1": float(macro.e1[place]),
            "e2": float(macro.e2[place]),
            "center_x": float(macro.x[place]),
            "center_y": float(macro.y[place]),
        },
        {
            "gamma1": float(macro.gamma1[place]),
            "gamma2": float(macro.gamma2[place]),
            "ra_0": float(macro.x[place]),
            "dec_0": float(macro.y[place]),
        },
    ]
    masses = [] if points is None else zip(points.theta_E_squared[place], points.x[place], points.y[place], strict=True)
    lens += [{"theta_E": float(m.sqrt()), "center_x": float(x), "center_y": float(y)} for m, x, y in masses]
    light = {name: float(getattr(source, name)[place, 0]) for name in ("R_sersic", "n_sersic", "e1", "e2")}
    light |= {"center_x": float(source.x[place, 0]), "center_y": float(source.y[place, 0]), "magnitude": 20.0}
    api = SimAPI(64, EUCLID_VIS.band(), {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]})
    _, bright, _ = api.magnitude2amplitude(kwargs_source_mag=[light])
    model = LensModel(["SIE", "SHEAR"] + ["POINT_MASS"] * (len(lens) - 2))
    return 2 * ImageModel(api.data_class, api.psf_class, model, LightModel(["SERSIC_ELLIPSE"])).image(lens, bright)


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("class_name", CLASSES)
def test_drawn_lenses_in_any_pose_are_lenstronomys(free, class_name):
    draws = Draws(generator_of(3))
    scene = posed(model_scene(PRESETS["model_ii"], class_name, 8, draws, free)[0], draws, turned=True, offset=0.3)
    expected = [by_lenstronomy(scene, place) for place in range(8)]
    assert largest_difference(render(scene, torch.float64), expected).max() < 1e-10
    assert largest_difference(render(scene), expected).max() < 1e-5


def test_a_lens_does_not_depend_on_the_others_of_its_batch():
    scene, _ = model_scene(PRESETS["model_ii"], "axion", 70, Draws(generator_of(1)), free=True)
    together = render(scene)
    assert together.shape == (70, 64, 64)
    assert torch.allclose(render(scene[41:43]), together[41:43], rtol=0, atol=1e-6)
    assert render(scene[:0]).shape == (0, 64, 64)


def test_a_generator_gives_the_same_batch_again_and_every_class_its_share():
    one, same, other = (simulate_batch("model_ii", 31, generator_of(5, step), turned=True) for step in (7, 7, 8))
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.labels, same.labels)
    assert not torch.equal(one.images, other.images)
    assert sorted(np.bincount(one.labels)) == [10, 10, 11]
    has_axion = one.labels == CLASSES.index("axion")
    assert torch.equal(one.log_axion_mass.isfinite(), has_axion)
    assert one.log_axion_mass[has_axion].min() >= -24
    assert one.log_axion_mass[has_axion].max() <= -22


def test_drawn_lenses_have_the_distribution_of_the_preset():
    """Means and spread of 300 images beside those of lenstronomy's path, seeds of its own."""
    drawn = simulate_batch("model_ii", 300, generator_of(2)).images.double().numpy()
    reference = np.array([simulate_lens("model_ii", name, seed).image for name in CLASSES for seed in range(100)])
    for statistic in (lambda images: images.max((1, 2)), lambda images: images.mean((1, 2)), lambda images: images.std((1, 2))):
        ours, theirs = statistic(drawn), statistic(reference)
        error = np.hypot(ours.std(), theirs.std()) / np.sqrt(300)
        assert abs(ours.mean() - theirs.mean()) < 4 * error
    assert np.abs(drawn.mean(0) - reference.mean(0)).max() < 0.25 * reference.mean(0).max()


def test_mirrored_and_turned_lenses_are_spread_over_all_directions():
    draws = Draws(generator_of(4))
    scene = posed(model_scene(PRESETS["model_ii"], "no_sub", 2000, draws, free=False)[0], draws, turned=True, offset=0.3)
    angles = torch.atan2(scene.macro.e2, scene.macro.e1)
    assert torch.hypot(angles.cos().mean(), angles.sin().mean()) < 0.08
    # Mass and shear stay parallel, the source's ellipticity mirrored in one half of the lenses.
    assert torch.allclose(torch.atan2(scene.macro.gamma2, scene.macro.gamma1), angles)
    between = torch.atan2(scene.source.e2, scene.source.e1)[:, 0] - angles
    assert (between.sin() > 0).double().mean() == pytest.approx(0.5, abs=0.05)
    assert scene.macro.x.abs().max() <= 0.3


def test_the_psf_is_scipys():
    images = np.random.default_rng(0).random((3, 20, 20))
    sigma, truncation = torch.tensor([0.4, 0.9, 2.3], dtype=torch.float64), torch.tensor([5.0, 3.0, 4.0], dtype=torch.float64)
    matrix = gaussian_matrix(sigma, truncation, 20, torch.float64)
    ours = matrix @ torch.from_numpy(images) @ matrix.transpose(1, 2)
    for place in range(3):
        expected = gaussian_filter(images[place], float(sigma[place]), mode="nearest", truncate=float(truncation[place]))
        assert np.allclose(ours[place], expected, rtol=0, atol=1e-14)


def test_a_class_the_preset_lacks_is_named():
    with pytest.raises(DatasetError, match="has no class 'wdm'"):
        simulate_batch("model_ii", 4, generator_of(0), classes=["wdm"])
