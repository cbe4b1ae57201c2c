"""Model I, Model III and the survey presets against lenstronomy and astropy called directly; pixels that must never change."""

import astropy.constants as const
import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.Data.imaging_data import ImageData
from lenstronomy.Data.psf import PSF
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI
from lenstronomy.Util import util
from scipy import stats

from lensmae.data import CLASSES, PRESETS, simulate_dataset, simulate_lens, simulate_row
from lensmae.data.simulation.cameras import CAMERAS, HST_F160W
from lensmae.data.simulation.lensing.render import noise_free
from lensmae.data.simulation.noise import expected_image
from lensmae.data.simulation.presets import THETA_E_SOLAR_PHYSICAL
from lensmae.data.simulation.priors import HALO_MASSES
from lensmae.data.simulation.rows import camera_of
from lensmae.data.simulation.sampling import draw_parameters, expected_subhalos

COSMOLOGY = FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05)
ARCSEC = u.rad.to(u.arcsec)
TELESCOPES = ("survey_hst", "survey_euclid", "survey_jwst")


@pytest.mark.parametrize(
    ("preset", "class_name", "seed", "total", "squares"),
    [
        ("model_ii", "no_sub", 1, 449.27010113294705, 613.5169288842749),
        ("model_ii", "cdm", 2, 565.2890231853944, 887.979405337749),
        ("model_ii", "axion", 3, 416.77808534734777, 553.2122443096675),
        ("superres", "no_sub", 4, 245.50197559800836, 72.20734701408662),
    ],
)
def test_the_pixels_of_a_seed_never_change_since_networks_were_trained_on_them(preset, class_name, seed, total, squares):
    pixels = simulate_lens(preset, class_name, seed).image.astype(np.float64)
    # Another processor may round the last bit of a float32 otherwise.
    assert pixels.sum() == pytest.approx(total, rel=1e-7)
    assert (pixels**2).sum() == pytest.approx(squares, rel=1e-7)


def macro(row):
    return [
        {"theta_E": row["theta_E"], "e1": row["e1"], "e2": row["e2"], "center_x": 0, "center_y": 0},
        {"gamma1": row["gamma1"], "gamma2": row["gamma2"], "ra_0": 0, "dec_0": 0},
    ]


def points(row, radius_of_one_solar_mass):
    places = zip(row["subhalo_mass"], row["subhalo_x"], row["subhalo_y"], strict=True)
    return [{"theta_E": radius_of_one_solar_mass * mass**0.5, "center_x": x, "center_y": y} for mass, x, y in places]


@pytest.mark.parametrize("class_name", CLASSES)
def test_model_i_is_lenstronomys_single_plane_image_as_deeplensesim_makes_it(class_name):
    row = draw_parameters("model_i", class_name, seed=7)
    grid = util.make_grid_with_coordtransform(150, 0.05, subgrid_res=1, inverse=False)
    data = ImageData(np.zeros((150, 150)), ra_at_xy_0=grid[2], dec_at_xy_0=grid[3], transform_pix2angle=grid[6])
    psf = PSF(psf_type="GAUSSIAN", fwhm=0.087, pixel_size=0.05, truncation=3)
    lens = macro(row) + points(row, 1.2814893638623e-6)
    model = LensModel(["SIE", "SHEAR"] + ["POINT_MASS"] * len(row["subhalo_mass"]))
    source = {"amp": 20, "R_sersic": 0.25, "n_sersic": 1, "e1": -0.1, "e2": 0.1}
    source |= {"center_x": row["source_x"], "center_y": row["source_y"]}
    imager = ImageModel(data, psf, model, LightModel(["SERSIC_ELLIPSE"]), kwargs_numerics={"supersampling_factor": 1})
    np.testing.assert_allclose(noise_free(PRESETS["model_i"], row), imager.image(lens, [source]), rtol=1e-6, atol=1e-9)


def test_model_i_has_the_noise_of_deeplensesim():
    """Photon noise twice and a background of 0.01: variance 2 T m + (0.01 T)^2 where nothing is clipped. The photon
    signal-to-noise of the brightest pixels is about 25."""
    row = draw_parameters("model_i", "no_sub", seed=1)
    exposure = row["exposure_time"]
    assert 1e3 <= exposure <= 10**3.5
    clean = noise_free(PRESETS["model_i"], row)
    images = np.array([simulate_row("model_i", row | {"seed": seed}).image for seed in range(40)], dtype=np.float64)
    assert np.array_equal(images, np.round(images))
    assert images.min() >= 0
    bright = clean > 0.3 * clean.max()
    expected = exposure * clean[bright]
    variance = images[:, bright].var(axis=0, ddof=1)
    assert np.mean(images[:, bright].mean(axis=0) / expected) == pytest.approx(1, abs=0.01)
    assert np.mean(variance / (2 * expected + (0.01 * exposure) ** 2)) == pytest.approx(1, abs=0.05)
    peaks = [simulate_lens("model_i", "no_sub", seed).image.max() for seed in range(30)]
    assert np.sqrt(np.median(peaks)) == pytest.approx(25, abs=7)


@pytest.mark.parametrize("class_name", CLASSES)
def test_model_iii_is_multi_plane_ray_tracing_seen_by_hst(class_name):
    lens = simulate_lens("model_iii", class_name, seed=6)
    row = lens.parameters
    halos = points(row, 1.2814893638623e-6)
    names = ["SIE", "SHEAR"] + ["POINT_MASS"] * len(halos)
    model = LensModel(
        names, z_source=1.0, z_source_convention=2.5, multi_plane=True, lens_redshift_list=[0.5] * len(names), cosmo=COSMOLOGY
    )
    band = {"pixel_scale": 0.08, "seeing": 0.08, "magnitude_zero_point": 25.96, "sky_brightness": 22.3, "psf_type": "GAUSSIAN"}
    band |= {"exposure_time": 5400, "num_exposures": 1, "read_noise": 4, "ccd_gain": 2.5}
    api = SimAPI(64, band, {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]})
    source = {"magnitude": 20, "R_sersic": 0.25, "n_sersic": 1, "e1": -0.1, "e2": 0.1}
    source |= {"center_x": row["source_x"], "center_y": row["source_y"]}
    _, light, _ = api.magnitude2amplitude(kwargs_source_mag=[source])
    imager = ImageModel(api.data_class, api.psf_class, model, LightModel(["SERSIC_ELLIPSE"]))
    expected = 2 * imager.image(macro(row) + halos, light)
    # A ray that passes a point mass within a thousandth of a pixel is thrown far either way; a few pixels may differ there.
    assert np.isclose(lens.image, expected, rtol=1e-3, atol=1e-4).mean() > 0.998
    assert {name: value for name, value in HST_F160W.band().items() if name != "truncation"} == band


def nfw_by_hand(mass, concentration):
    """Scale radius and deflection there, arcsec, of NFW halos at z 0.5 for a source at z 1: arrays of M200 and c200."""
    density = 200 * COSMOLOGY.critical_density(0.5)
    radius = np.cbrt(3 * np.asarray(mass) * u.Msun / (4 * np.pi * density)) / np.asarray(concentration)
    shape = np.log(1 + np.asarray(concentration)) - np.asarray(concentration) / (1 + np.asarray(concentration))
    central = np.asarray(mass) * u.Msun / (4 * np.pi * radius**3 * shape)
    lens, source, between = distances()
    critical = const.c**2 / (4 * np.pi * const.G) * source / (lens * between)
    deflection = 4 * central * radius**2 * (1 + np.log(0.5)) / critical / lens
    return (radius / lens).to_value(u.dimensionless_unscaled) * ARCSEC, deflection.to_value(u.dimensionless_unscaled) * ARCSEC


def distances():
    between = (COSMOLOGY.comoving_distance(1.0) - COSMOLOGY.comoving_distance(0.5)) / (1 + 1.0)
    return COSMOLOGY.angular_diameter_distance(0.5), COSMOLOGY.angular_diameter_distance(1.0), between


def survey_substructure(row):
    if row["class"] != "cdm":
        return ["POINT_MASS"] * len(row["subhalo_mass"]), points(row, 1.664517450804776e-06)
    radius, deflection = nfw_by_hand(row["subhalo_mass"], row["subhalo_concentration"])
    kiloparsec = (u.kpc / distances()[0]).to_value(u.dimensionless_unscaled) * ARCSEC
    cut = 1.4 * (np.array(row["subhalo_mass"]) / 1e7) ** (1 / 3) * kiloparsec
    names = ("Rs", "alpha_Rs", "r_trunc", "center_x", "center_y")
    values = zip(radius, deflection, cut, row["subhalo_x"], row["subhalo_y"], strict=True)
    return ["TNFW"] * len(radius), [dict(zip(names, halo, strict=True)) for halo in values]


def survey_lights(row):
    """lenstronomy's names and magnitudes of source, its knots, lens galaxy and neighbours."""
    whole = row["source_magnitude"]
    body = {"R_sersic": row["R_sersic"], "n_sersic": row["n_sersic"], "e1": row["source_e1"], "e2": row["source_e2"]}
    body |= {"center_x": row["source_x"], "center_y": row["source_y"]}
    sources = [body | {"magnitude": whole - 2.5 * np.log10(1 - sum(row["clump_share"]))}]
    columns = [row[f"clump_{name}"] for name in ("share", "R_sersic", "x", "y")]
    for share, size, x, y in zip(*columns, strict=True):
        knot = {"R_sersic": size, "n_sersic": 1, "center_x": x, "center_y": y}
        sources.append(knot | {"magnitude": whole - 2.5 * np.log10(share)})
    lens = {"R_sersic": row["lens_R_sersic"], "n_sersic": row["lens_n_sersic"], "e1": row["lens_e1"], "e2": row["lens_e2"]}
    galaxies = [lens | {"center_x": 0, "center_y": 0, "magnitude": row["lens_magnitude"]}]
    columns = [row[f"neighbour_{name}"] for name in ("magnitude", "R_sersic", "x", "y")]
    for magnitude, size, x, y in zip(*columns, strict=True):
        galaxies.append({"magnitude": magnitude, "R_sersic": size, "n_sersic": 1, "center_x": x, "center_y": y})
    return sources, galaxies


@pytest.mark.parametrize("planes", ["single", "multi"])
@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("preset", TELESCOPES)
def test_a_survey_lens_is_what_lenstronomys_simulation_interface_makes_of_its_row(preset, class_name, planes):
    row = draw_parameters(preset, class_name, seed=11)
    halo_names, halos = survey_substructure(row)
    sources, galaxies = survey_lights(row)
    names = ["SIE", "SHEAR", *halo_names]
    model = {"lens_model_list": names, "source_light_model_list": ["SERSIC_ELLIPSE"] + ["SERSIC"] * (len(sources) - 1)}
    model |= {"lens_light_model_list": ["SERSIC_ELLIPSE"] + ["SERSIC"] * (len(galaxies) - 1)}
    if planes == "multi":
        model |= {"lens_redshift_list": [0.5] * len(names), "z_source": 1.0, "z_source_convention": 1.0, "cosmo": COSMOLOGY}
        model |= {"source_redshift_list": [1.0] * len(sources)}
    api = SimAPI(64, CAMERAS[preset].band(), model)
    lens_light, source_light, _ = api.magnitude2amplitude(galaxies, sources)
    imager = api.image_model_class({"supersampling_factor": 2})
    expected = imager.image(macro(row) + halos, source_light, lens_light)
    found = noise_free(PRESETS[preset], row)
    assert np.isclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max()).mean() > 0.998
    if class_name == "no_sub":
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("preset", [*TELESCOPES, "survey"])
def test_survey_noise_is_sky_read_out_and_photons(preset):
    lens = simulate_lens(preset, "no_sub", seed=3)
    row, clean = lens.parameters, noise_free(PRESETS[preset], lens.parameters)
    camera = CAMERAS[row["camera"]]
    time = camera.exposure_time * camera.num_exposures
    sky = 10 ** (-0.4 * (camera.sky_brightness - camera.magnitude_zero_point)) * row["pixel_scale"] ** 2
    read = camera.num_exposures * (camera.read_noise * row["pixel_scale"] / camera.pixel_scale) ** 2
    rms = np.sqrt((clean + sky) * time + read) / time
    pulls = (lens.image - clean) / rms
    assert pulls.mean() == pytest.approx(0, abs=4 / 64)
    assert pulls.std() == pytest.approx(1, abs=0.05)


def test_a_point_mass_has_its_physical_einstein_radius_in_the_survey_presets():
    lens, source, between = distances()
    angle = np.sqrt((4 * const.G * u.Msun / const.c**2 * between / (lens * source)).to_value(u.dimensionless_unscaled))
    assert pytest.approx(angle * ARCSEC, rel=1e-6) == THETA_E_SOLAR_PHYSICAL


def test_survey_subhalos_follow_the_mass_function():
    rows = [draw_parameters("survey_euclid", "cdm", seed) for seed in range(300)]
    masses = np.concatenate([row["subhalo_mass"] for row in rows])
    low, high = HALO_MASSES
    # Above a mass there are as many as the integral of m^-1.9 says.
    for mass in (3e8, 1e9, 3e9):
        share = (mass**-0.9 - high**-0.9) / (low**-0.9 - high**-0.9)
        assert stats.binomtest(int((masses > mass).sum()), len(masses), share).pvalue > 1e-3
    number, expected = len(masses), sum(expected_subhalos(row["theta_E"]) for row in rows)
    assert abs(number - expected) < 4 * np.sqrt(expected)
    # Two per cent of the mass of half the critical density within two Einstein radii.
    critical = sum((row["theta_E"] / THETA_E_SOLAR_PHYSICAL) ** 2 for row in rows)
    assert masses.sum() == pytest.approx(0.02 * 0.5 * 4 * critical, rel=0.15)


def test_survey_lenses_lie_in_their_image_and_differ_in_everything():
    rows = [draw_parameters("survey", "cdm", seed) for seed in range(150)]
    assert {row["camera"] for row in rows} == set(TELESCOPES)
    pixels = np.array([row["theta_E"] / row["pixel_scale"] for row in rows])
    assert (pixels.min() >= 5, pixels.max() <= 23) == (True, True)
    for name in ("theta_E", "e1", "gamma2", "source_x", "R_sersic", "n_sersic", "lens_magnitude", "pixel_scale"):
        assert len({row[name] for row in rows}) > 100


def test_concentrations_are_dutton_and_maccios():
    from lensmae.data.simulation.lensing.halos import concentration

    # Their eq. 10 at z 0.5: log10 c = 0.520 + 0.385 exp(-0.617 0.5^1.21) for 1e12 Msun/h; per decade b = -0.101 + 0.026 z.
    at_pivot, below = concentration(np.array([1e12 / 0.7, 1e9 / 0.7]))
    assert at_pivot == pytest.approx(6.53, abs=0.02)
    assert np.log10(below / at_pivot) == pytest.approx(3 * 0.088, abs=1e-6)


@pytest.mark.parametrize("preset", [name for name, preset in PRESETS.items() if preset.target_shape is None])
def test_a_set_of_any_preset_can_be_made_again_from_its_table(preset, tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    dataset = simulate_dataset(preset, "again", per_class=2, seed=3, jobs=1)
    assert dataset.info.pixel_scale == PRESETS[preset].pixel_scale
    for place, row in enumerate(dataset.lenses.to_dict("records")):
        assert np.array_equal(simulate_row(preset, row).image, dataset.images[place])
        assert np.isfinite(dataset.images[place]).all()


@pytest.mark.parametrize("preset", ["model_i", "model_ii", "survey_hst"])
def test_a_row_can_ask_for_another_psf_and_a_share_of_the_noise(preset):
    row = draw_parameters(preset, "no_sub", seed=2) | {"noise_level": 0.0}
    clean = noise_free(PRESETS[preset], row)
    expected = expected_image(PRESETS[preset], row, clean)
    np.testing.assert_array_equal(simulate_row(preset, row).image, expected.astype(np.float32))
    half, whole = (simulate_row(preset, row | {"noise_level": level}).image - expected for level in (0.5, 1.0))
    np.testing.assert_allclose(2 * half, whole, atol=1e-4 * expected.max())
    assert whole.std() > 0
    blurred = noise_free(PRESETS[preset], row | {"psf_fwhm": 0.6})
    assert blurred.max() < clean.max()
    assert camera_of(PRESETS[preset], row | {"psf_fwhm": 0.6}).seeing == 0.6
