"""Batches on other devices (every tensor is made where its neighbours are), and multi-plane ray tracing."""

import numpy as np
import pytest
import torch
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI

from lensmae.data.simulation.batched import render
from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.from_rows import scene_of_rows
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.batched.noise import noisy_pairs, observed_batch, pair_truth
from lensmae.data.simulation.batched.pose import posed
from lensmae.data.simulation.cameras import EUCLID_VIS, HST_F160W
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.sampling import draw_parameters

COSMOLOGY = FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05)


class DrawsElsewhere(Draws):
    """Draws on the meta device, where an operation with a tensor of the CPU is an error."""

    def __init__(self):
        self.generator, self.device, self.dtype = None, torch.device("meta"), torch.float64


@pytest.mark.parametrize(("preset", "class_name"), [("model_i_64", "no_sub"), ("model_ii", "axion"), ("model_ii_free", "cdm")])
def test_all_tensors_are_made_on_the_device_of_the_draws(preset, class_name):
    draws = DrawsElsewhere()
    scene, log_mass = model_scene(PRESETS[preset], class_name, 5, draws)
    images = render(posed(scene, draws, turned=True, offset=0.3))
    noisy = observed_batch(PRESETS[preset], scene, images, draws)
    assert {tensor.device.type for tensor in (log_mass, images, noisy)} == {"meta"}
    assert images.shape == noisy.shape == (5, 64, 64)


def test_pairs_are_made_on_the_device_of_the_draws():
    draws = DrawsElsewhere()
    scene, _ = model_scene(PRESETS["superres"], "no_sub", 3, draws)
    made = noisy_pairs(pair_truth(render(scene)), draws)
    assert [(tensor.device.type, tuple(tensor.shape)) for tensor in made] == [
        ("meta", (3, 75, 75)),
        ("meta", (3, 150, 150)),
        ("meta", (3, 150, 150)),
    ]


@pytest.mark.parametrize(("preset", "camera"), [("model_ii", EUCLID_VIS), ("model_iii", HST_F160W)])
@pytest.mark.parametrize("class_name", ["no_sub", "cdm", "axion"])
def test_batches_are_lenstronomys_multi_plane_ray_tracing(preset, camera, class_name):
    """Deflections given for a source at z 2.5, rays traced to the source at z 1: what DeepLenseSim does."""
    row = draw_parameters(preset, class_name, seed=6)
    points = zip(row["subhalo_mass"], row["subhalo_x"], row["subhalo_y"], strict=True)
    lens = [
        {"theta_E": row["theta_E"], "e1": 0.1, "e2": 0, "center_x": 0, "center_y": 0},
        {"gamma1": 0.05, "gamma2": 0, "ra_0": 0, "dec_0": 0},
        *({"theta_E": 1.2814893638623281e-6 * mass**0.5, "center_x": x, "center_y": y} for mass, x, y in points),
    ]
    names = ["SIE", "SHEAR"] + ["POINT_MASS"] * len(row["subhalo_mass"])
    planes = {"multi_plane": True, "lens_redshift_list": [0.5] * len(names), "z_source": 1.0, "z_source_convention": 2.5}
    model = LensModel(names, cosmo=COSMOLOGY, **planes)
    api = SimAPI(64, camera.band(), {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]})
    source = {"R_sersic": 0.25, "n_sersic": 1, "e1": -0.1, "e2": 0.1, "center_x": row["source_x"], "center_y": row["source_y"]}
    _, light, _ = api.magnitude2amplitude(kwargs_source_mag=[source | {"magnitude": 20}])
    expected = 2 * ImageModel(api.data_class, api.psf_class, model, LightModel(["SERSIC_ELLIPSE"])).image(lens, light)
    found = render(scene_of_rows(PRESETS[preset], [row]), torch.float64)[0].numpy()
    difference = np.abs(found - expected) / expected.max()
    # lenstronomy's distances give the plane factor to some 1e-8; close to a point mass that is more.
    assert (difference < 1e-6).mean() > 0.99
    assert difference.max() < 1e-4
