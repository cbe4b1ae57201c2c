"""Batched lenses against lenstronomy, lens by lens."""

import numpy as np
import pytest
import torch
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LensModel.Profiles.tnfw import TNFW
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI
from scipy.integrate import trapezoid
from scipy.ndimage import gaussian_filter
from scipy.stats import ks_2samp

from lensmae.data.simulation.batched import generator_of, render, simulate_batch
from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.from_rows import scene_of_rows
from lensmae.data.simulation.batched.imaging import gaussian_matrix
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.batched.noise import observed_batch, pair_truth
from lensmae.data.simulation.batched.pose import posed
from lensmae.data.simulation.batched.profiles import tabulated_nfw_pull, truncated_nfw_pull
from lensmae.data.simulation.bicubic import downsample_bicubic
from lensmae.data.simulation.cameras import EUCLID_VIS
from lensmae.data.simulation.lenses import simulate_lens
from lensmae.data.simulation.lensing.render import noise_free
from lensmae.data.simulation.noise import observed
from lensmae.data.simulation.presets import CLASSES, PRESETS
from lensmae.data.simulation.sampling import draw_parameters
from lensmae.errors import DatasetError


def largest_difference(images, expected):
    """Of each image, as a share of its peak."""
    expected = np.asarray(expected)
    return np.abs(images.double().numpy() - expected).max((1, 2)) / expected.max((1, 2))


SINGLE = [name for name, preset in PRESETS.items() if not preset.strata]


@pytest.mark.parametrize(("preset", "class_name"), [(name, kind) for name in SINGLE for kind in PRESETS[name].classes])
def test_rows_give_the_lenses_of_lenstronomy(preset, class_name):
    rows = [draw_parameters(preset, class_name, seed) for seed in range(3)]
    scene = scene_of_rows(PRESETS[preset], rows)
    gain = scene.gain.numpy()[:, None, None]
    expected = np.array([noise_free(PRESETS[preset], row) for row in rows]) * gain
    assert largest_difference(render(scene, torch.float64), expected).max() < 1e-10
    assert largest_difference(render(scene), expected).max() < 2e-5


def test_many_lenses_with_masses_close_to_rays_agree_in_float32_too():
    """A vortex has masses a thousandth of a pixel from a ray now and then, where float32 is at its worst."""
    rows = [draw_parameters("model_ii", "axion", seed) for seed in range(600)]
    scene = scene_of_rows(PRESETS["model_ii"], rows)
    exact = render(scene, torch.float64)
    assert largest_difference(render(scene), exact).max() < 1e-4


def test_halos_fall_off_as_lenstronomys_and_as_the_projected_mass_says():
    radius = np.logspace(-2.5, 2, 300)
    squared = torch.from_numpy(radius**2)
    for truncation in (0.4, 1.0, 4.0, 20.0):
        alpha, _ = TNFW().derivatives(radius, np.zeros(300), 1.0, 1 - np.log(2), truncation)
        cut = torch.tensor(truncation, dtype=torch.float64)
        exact = truncated_nfw_pull(squared, cut).numpy() * radius
        np.testing.assert_allclose(exact, alpha, rtol=1e-5)
        single = truncated_nfw_pull(squared.float(), cut.float()).numpy() * radius
        np.testing.assert_allclose(single, exact, rtol=0, atol=1e-5 * exact.max())
        table = tabulated_nfw_pull(squared[None], cut[None, None])[0].numpy() * radius
        np.testing.assert_allclose(table, exact, rtol=0, atol=1e-4 * exact.max())
        # M(<R) = R alpha(R): the mass in a shell is that of the projected density of `density_2d`.
        inside = radius * exact
        kappa = TNFW().density_2d(radius, 0 * radius, 1.0, 0.25, truncation)
        shells = trapezoid(2 * kappa * radius, radius)
        assert inside[-1] - inside[0] == pytest.approx(shells, rel=1e-3)


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


@pytest.mark.parametrize("preset", ["model_ii", "model_ii_free"])
@pytest.mark.parametrize("class_name", CLASSES)
def test_drawn_lenses_in_any_pose_are_lenstronomys(preset, class_name):
    draws = Draws(generator_of(3))
    scene = posed(model_scene(PRESETS[preset], class_name, 8, draws)[0], draws, turned=True, offset=0.3)
    expected = [by_lenstronomy(scene, place) for place in range(8)]
    assert largest_difference(render(scene, torch.float64), expected).max() < 1e-10
    assert largest_difference(render(scene), expected).max() < 1e-5


def test_a_lens_does_not_depend_on_the_others_of_its_batch():
    scene, _ = model_scene(PRESETS["model_ii_free"], "axion", 70, Draws(generator_of(1)))
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


def features(images):
    """Logarithms of flux, peak, and size of noise-free images."""
    images = images.double().numpy()
    light = images.sum((1, 2))
    rows, columns = np.indices(images.shape[1:]) - (images.shape[1] - 1) / 2
    return np.log(np.stack([light, images.max((1, 2)), (images * (rows**2 + columns**2)).sum((1, 2)) / light]))


@pytest.mark.parametrize("preset", [*SINGLE, "generalist"])
def test_drawn_lenses_have_the_distribution_of_the_rows(preset):
    """A batch is drawn by array operations, a row by its own seed: the same priors, by Kolmogorov and Smirnov."""
    kind = PRESETS[preset]
    if kind.target_shape or preset == "model_i":
        kind = PRESETS[preset := {"superres": "pairs_64", "model_i": "model_i_64"}[preset]]
    count = 40
    drawn = features(simulate_batch(preset, count * len(kind.classes), generator_of(2)).images)
    rows = [draw_parameters(preset, class_name, seed) for class_name in kind.classes for seed in range(count)]
    again = []
    for name in dict(kind.strata) or [preset]:
        of_stratum = [row for row in rows if row.get("stratum", preset) == name]
        images = render(scene_of_rows(PRESETS[name], of_stratum))
        again.append(pair_truth(images) if PRESETS[name].noise == "pairs" else images)
    reference = features(torch.cat(again))
    for ours, theirs in zip(drawn, reference, strict=True):
        if preset == "generalist":  # strata by weight in the batch, by class and weight in the rows
            assert abs(ours.mean() - theirs.mean()) < 0.5 * theirs.std()
        else:
            assert ks_2samp(ours, theirs).pvalue > 1e-3


def test_a_corpus_is_drawn_by_weight_and_galaxies_have_no_class():
    batch = simulate_batch("generalist", 60, generator_of(9), weights={"model_ii": 1, "model_ii_free": 2, "galaxies": 1})
    assert batch.names == ("model_ii", "model_ii_free", "model_i_64", "model_iii", "pairs_64", "survey", "galaxies")
    assert np.bincount(batch.strata, minlength=7).tolist() == [15, 30, 0, 0, 0, 0, 15]
    assert torch.equal(batch.labels == -1, batch.strata == 6)
    assert batch.images.shape == (60, 64, 64)
    assert batch.images.isfinite().all()
    lenses = simulate_batch("generalist", 12, generator_of(9), classes=CLASSES)
    assert lenses.labels.min() >= 0
    with pytest.raises(DatasetError, match="has no stratum 'model_iv'"):
        simulate_batch("generalist", 4, generator_of(0), weights={"model_iv": 1.0})


@pytest.mark.parametrize("preset", ["model_i_64", "survey_euclid", "model_ii"])
def test_noise_has_the_variance_of_the_camera(preset):
    kind, draws = PRESETS[preset], Draws(generator_of(6))
    row = draw_parameters(preset, "no_sub", 5)
    scene = scene_of_rows(kind, [row])
    clean = render(scene, torch.float64)
    many = torch.stack([observed_batch(kind, scene, clean, draws)[0] for _ in range(300)]).numpy()
    same = [observed(kind, row | {"seed": seed, "noise_level": 1.0}, noise_free(kind, row)) for seed in range(300)]
    reference = np.array(same)
    bright = (clean[0] > 0.3 * clean.max()).numpy()
    assert many[:, bright].mean() == pytest.approx(reference[:, bright].mean(), rel=0.02)
    for pixels in (bright, ~bright):
        assert many[:, pixels].std(0).mean() == pytest.approx(reference[:, pixels].std(0).mean(), rel=0.03)


def test_pairs_are_those_of_superres():
    batch = simulate_batch("superres", 6, generator_of(1))
    assert (batch.images.shape, batch.targets.shape, batch.truths.shape) == ((6, 75, 75), (6, 150, 150), (6, 150, 150))
    assert batch.targets.amin((1, 2)).eq(0).all()
    assert batch.targets.amax((1, 2)).eq(1).all()
    np.testing.assert_allclose(batch.images, downsample_bicubic(batch.targets.numpy()), atol=1e-6)
    # The noise of the rows: 0.0055 on the sky, and more where there is light.
    residual = (batch.targets - batch.truths).numpy()
    rows = [simulate_lens("superres", "no_sub", seed) for seed in range(6)]
    theirs = np.array([lens.target - lens.truth for lens in rows])
    dark, bright = batch.truths.numpy() < 0.02, batch.truths.numpy() > 0.5
    truths = np.array([lens.truth for lens in rows])
    assert residual[dark].std() == pytest.approx(theirs[truths < 0.02].std(), rel=0.05)
    assert residual[bright].std() == pytest.approx(theirs[truths > 0.5].std(), rel=0.15)


def test_mirrored_and_turned_lenses_are_spread_over_all_directions():
    draws = Draws(generator_of(4))
    scene = posed(model_scene(PRESETS["model_ii"], "no_sub", 2000, draws)[0], draws, turned=True, offset=0.3)
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
