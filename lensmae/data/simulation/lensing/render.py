"""Noise-free images of lenses from their rows; lenstronomy does the lensing."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI
from lenstronomy.Util.data_util import magnitude2cps

from lensmae.data.simulation.cameras import Instrument
from lensmae.data.simulation.lensing.halos import concentration, truncated_nfw
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.priors import MODEL_I_AMPLITUDE, SOURCE_MAGNITUDE
from lensmae.data.simulation.rows import camera_of, centre_of, known, listed

Arguments = list[dict[str, float]]


def deflectors(preset: Preset, row: Mapping[str, Any]) -> tuple[LensModel, Arguments]:
    """The lens in one plane: isothermal ellipsoid, external shear, substructure.

    As one plane, deflections scale with the preset's `plane_factor`: Einstein radius of the SIE and shear by the factor,
    Einstein radii of point masses by its square root.
    """
    factor = preset.plane_factor
    x, y = centre_of(row)
    lens = [
        {"theta_E": row["theta_E"] * factor, "e1": row["e1"], "e2": row["e2"], "center_x": x, "center_y": y},
        {"gamma1": row["gamma1"] * factor, "gamma2": row["gamma2"] * factor, "ra_0": x, "dec_0": y},
    ]
    names, halos = _substructure(preset, row)
    return LensModel(["SIE", "SHEAR", *names]), lens + halos


def _substructure(preset: Preset, row: Mapping[str, Any]) -> tuple[list[str], Arguments]:
    mass = np.asarray(row["subhalo_mass"], dtype=np.float64)
    if preset.halo_profile == "TNFW" and row["class"] == "cdm":
        given = row.get("subhalo_concentration")
        values = concentration(mass) if given is None else np.asarray(given, dtype=np.float64)
        halos = truncated_nfw(mass, values, np.asarray(row["subhalo_x"]), np.asarray(row["subhalo_y"]))
        return ["TNFW"] * len(halos), halos
    radii = preset.theta_e_solar * np.sqrt(mass) * np.sqrt(preset.plane_factor)
    positions = zip(radii, row["subhalo_x"], row["subhalo_y"], strict=True)
    return ["POINT_MASS"] * len(radii), [{"theta_E": radius, "center_x": x, "center_y": y} for radius, x, y in positions]


@lru_cache(maxsize=8)
def _grid(camera: Instrument) -> tuple[Any, Any]:
    """Pixel grid and PSF; built once, since it costs as much as a lens."""
    model = {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]}
    api = SimAPI(camera.num_pix, camera.band(), model)
    return api.data_class, api.psf_class


def noise_free(preset: Preset, row: Mapping[str, Any]) -> np.ndarray:
    """Image (H, W) float64 in counts a second and pixel, before noise and the preset's own scaling."""
    camera = camera_of(preset, row)
    data, psf = _grid(camera)
    lens_model, lens = deflectors(preset, row)
    light, sources = source_light(preset, row, camera)
    galaxies, shining = foreground_light(row, camera)
    model = ImageModel(
        data,
        psf,
        lens_model_class=lens_model,
        source_model_class=light,
        lens_light_model_class=galaxies,
        kwargs_numerics={"supersampling_factor": camera.supersampling},
    )
    return model.image(lens, sources, kwargs_lens_light=shining)


def source_light(preset: Preset, row: Mapping[str, Any], camera: Instrument) -> tuple[LightModel, Arguments]:
    """The unlensed source: an elliptical Sersic profile, and its bright knots where the row has some."""
    source = {"R_sersic": row["R_sersic"], "n_sersic": row["n_sersic"], "e1": row["source_e1"], "e2": row["source_e2"]}
    source |= {"center_x": row["source_x"], "center_y": row["source_y"]}
    light = LightModel(["SERSIC_ELLIPSE"])
    if preset.noise == "counts":
        return light, [source | {"amp": MODEL_I_AMPLITUDE}]
    flux = _counts(camera, row["source_magnitude"] if known(row, "source_magnitude") else SOURCE_MAGNITUDE)
    knots = listed(row, ("clump_share", "clump_R_sersic", "clump_x", "clump_y"))
    if not knots:
        return light, [_bright(light, source, flux)]
    body = flux * (1 - sum(share for share, *_ in knots))
    round_light = LightModel(["SERSIC"])
    small = [
        _bright(round_light, {"R_sersic": size, "n_sersic": 1.0, "center_x": x, "center_y": y}, share * flux)
        for share, size, x, y in knots
    ]
    return LightModel(["SERSIC_ELLIPSE"] + ["SERSIC"] * len(small)), [_bright(light, source, body), *small]


def foreground_light(row: Mapping[str, Any], camera: Instrument) -> tuple[LightModel | None, Arguments | None]:
    """Light of the lens galaxy and its neighbours, where the row has any."""
    names, arguments = [], []
    if known(row, "lens_magnitude"):
        x, y = centre_of(row)
        light = {"R_sersic": row["lens_R_sersic"], "n_sersic": row["lens_n_sersic"], "center_x": x, "center_y": y}
        light |= {"e1": row["lens_e1"], "e2": row["lens_e2"]}
        names.append("SERSIC_ELLIPSE")
        arguments.append(_bright(LightModel(names), light, _counts(camera, row["lens_magnitude"])))
    for magnitude, size, x, y in listed(row, ("neighbour_magnitude", "neighbour_R_sersic", "neighbour_x", "neighbour_y")):
        light = {"R_sersic": size, "n_sersic": 1.0, "center_x": x, "center_y": y}
        names.append("SERSIC")
        arguments.append(_bright(LightModel(["SERSIC"]), light, _counts(camera, magnitude)))
    return (LightModel(names), arguments) if names else (None, None)


def _counts(camera: Instrument, magnitude: float) -> float:
    return float(magnitude2cps(magnitude, camera.magnitude_zero_point))


def _bright(light: LightModel, profile: dict[str, float], flux: float) -> dict[str, float]:
    """A profile with the amplitude that gives it a total flux in counts a second."""
    return profile | {"amp": flux / float(light.total_flux([profile | {"amp": 1.0}], norm=True)[0])}
