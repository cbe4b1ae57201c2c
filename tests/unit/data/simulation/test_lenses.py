"""Simulated lenses against lenstronomy called directly, astropy, and the properties of the published images."""

import astropy.constants as const
import astropy.units as u
import numpy as np
import pytest
import torch
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI
from skimage.metrics import structural_similarity

from lensmae.data import CLASSES, open_dataset, simulate_lens, simulate_row
from lensmae.data.simulation.bicubic import downsample_bicubic
from lensmae.data.simulation.cameras import EUCLID_VIS
from lensmae.data.simulation.presets import MULTI_PLANE_FACTOR
from lensmae.data.simulation.sampling import theta_e
from lensmae.errors import DatasetError
from lensmae.models import bicubic_upsample

COSMOLOGY = FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05)


def reduced(z_lens, z_source):
    """D_ls / D_s with angular-diameter distances."""
    between = (COSMOLOGY.comoving_distance(z_source) - COSMOLOGY.comoving_distance(z_lens)) / (1 + z_source)
    return (between / COSMOLOGY.angular_diameter_distance(z_source)).value


def test_point_mass_radii_follow_deeplensesims_formula():
    to_lens, to_source = COSMOLOGY.luminosity_distance(0.5), COSMOLOGY.luminosity_distance(1.0)
    for mass in (1e12, 1e10, 3e8):
        squared = 4 * const.G * mass * u.Msun / const.c**2 * (to_source - to_lens) / (to_lens * to_source)
        expected = (np.sqrt(squared.to(u.dimensionless_unscaled)) * u.rad).to_value(u.arcsec)
        assert theta_e(mass) == pytest.approx(expected, rel=1e-6)


def test_the_multi_plane_factor_is_the_ratio_of_distances():
    assert pytest.approx(reduced(0.5, 1.0) / reduced(0.5, 2.5), rel=1e-6) == MULTI_PLANE_FACTOR


@pytest.mark.parametrize("class_name", CLASSES)
def test_model_ii_images_are_those_of_lenstronomys_multi_plane_ray_tracing(class_name):
    """Deflections given for a source at z 2.5, rays traced to the source at z 1: what DeepLenseSim's Model II does."""
    lens = simulate_lens("model_ii", class_name, seed=5)
    row = lens.parameters
    points = zip(row["subhalo_mass"], row["subhalo_x"], row["subhalo_y"], strict=True)
    kwargs_lens = [
        {"theta_E": row["theta_E"], "e1": 0.1, "e2": 0, "center_x": 0, "center_y": 0},
        {"gamma1": 0.05, "gamma2": 0, "ra_0": 0, "dec_0": 0},
        *({"theta_E": 1.2814893638623e-6 * mass**0.5, "center_x": x, "center_y": y} for mass, x, y in points),
    ]
    names = ["SIE", "SHEAR"] + ["POINT_MASS"] * len(row["subhalo_mass"])
    model = LensModel(
        names,
        z_source=1.0,
        z_source_convention=2.5,
        multi_plane=True,
        lens_redshift_list=[0.5] * len(names),
        cosmo=COSMOLOGY,
    )
    api = SimAPI(64, EUCLID_VIS.band(), {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]})
    source = {"R_sersic": 0.25, "n_sersic": 1, "e1": -0.1, "e2": 0.1, "center_x": row["source_x"], "center_y": row["source_y"]}
    _, light, _ = api.magnitude2amplitude(kwargs_source_mag=[source | {"magnitude": 20}])
    imager = ImageModel(
        api.data_class, api.psf_class, model, LightModel(["SERSIC_ELLIPSE"]), kwargs_numerics={"supersampling_factor": 1}
    )
    expected = 2 * imager.image(kwargs_lens, light)
    # A ray that passes a point mass within a thousandth of a pixel is thrown far either way; a few pixels may differ there.
    close = np.isclose(lens.image, expected, rtol=1e-3, atol=1e-4)
    assert close.mean() > 0.998


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_lens():
    one, same, other = (simulate_lens("model_ii", "cdm", seed) for seed in (3, 3, 4))
    assert np.array_equal(one.image, same.image)
    assert not np.array_equal(one.image, other.image)


def test_substructure_is_as_deeplense_states_it():
    cdm = [simulate_lens("model_ii", "cdm", seed).parameters for seed in range(40)]
    masses = np.concatenate([row["subhalo_mass"] for row in cdm])
    radii = np.concatenate([np.hypot(row["subhalo_x"], row["subhalo_y"]) for row in cdm])
    assert all(len(row["subhalo_mass"]) == 25 for row in cdm)
    assert masses.min() >= 1e6
    assert masses.max() <= 1e10
    # The median of dN/dm ~ m^-0.9 between 1e6 and 1e10: the mean of the tenth roots, to the tenth power.
    assert np.median(masses) == pytest.approx(((1e6**0.1 + 1e10**0.1) / 2) ** 10, rel=0.25)
    assert (radii.min() >= 0.25, radii.max() <= 2.0) == (True, True)
    axion = simulate_lens("model_ii", "axion", 1).parameters
    half_length = np.hypot(np.array(axion["subhalo_x"]), np.array(axion["subhalo_y"])).max()
    assert half_length == pytest.approx(0.06e-22 / (2 * axion["axion_mass_ev"]))
    assert set(axion["subhalo_mass"]) == {3e8}


def test_a_set_has_the_brightness_and_the_ring_of_the_published_images(lens_home):
    images = np.array([simulate_lens("model_ii", name, seed).image for name in CLASSES for seed in range(40)], dtype=np.float64)
    rows, columns = np.indices((64, 64)) - 31.5
    assert images.max(axis=(1, 2)).min() > 3.4
    assert 3.7 < np.median(images.max(axis=(1, 2))) < 4.6
    assert 2400 < images.mean() / np.median(images) < 2900
    assert 9 < (images * np.hypot(rows, columns)).sum() / images.sum() < 10


def test_a_lens_is_made_again_from_its_row_of_the_table(workspace_with_lenses):
    for name in ("lenses", "pairs"):
        dataset = open_dataset(name)
        for place in (0, len(dataset.lenses) // 2, len(dataset.lenses) - 1):
            again = simulate_row(dataset.info.preset, dataset.lenses.iloc[place].to_dict())
            assert np.array_equal(again.image, dataset.images[place])


def test_superres_pairs_have_the_difficulty_of_task_vi_b():
    lenses = [simulate_lens("superres", "no_sub", seed) for seed in range(60)]
    low, high = np.array([lens.image for lens in lenses]), np.array([lens.target for lens in lenses])
    truth = np.array([lens.truth for lens in lenses])
    drawn = bicubic_upsample(low, 2)
    psnr = -10 * np.log10(((drawn - high) ** 2).mean(axis=(1, 2)))
    assert psnr.mean() == pytest.approx(41.6, abs=0.7)
    similar = [structural_similarity(a, b, data_range=1.0) for a, b in zip(drawn, high, strict=True)]
    assert np.mean(similar) == pytest.approx(0.973, abs=0.005)
    assert (high.min(axis=(1, 2)) == 0).all()
    assert (high.max(axis=(1, 2)) == 1).all()
    assert 0.045 < high.mean() < 0.075
    assert 0.004 < (high - truth).std() < 0.012


def test_lr_images_are_torchs_bicubic_copies_of_hr():
    images = np.random.default_rng(0).random((2, 30, 44), dtype=np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(images)[:, None], scale_factor=0.5, mode="bicubic", antialias=False
    )
    np.testing.assert_allclose(downsample_bicubic(images), expected[:, 0].numpy(), atol=1e-6)
    with pytest.raises(ValueError, match="divisible"):
        downsample_bicubic(images[:, :29])


@pytest.mark.parametrize(("preset", "class_name"), [("nothing", "cdm"), ("model_ii", "pie"), ("superres", "axion")])
def test_unknown_presets_and_classes_are_named(preset, class_name):
    with pytest.raises(DatasetError, match=r"There is no preset|has no class"):
        simulate_lens(preset, class_name, 0)
