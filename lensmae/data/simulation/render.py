"""Noise-free images of lenses from their rows; lenstronomy does the lensing."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI
from lenstronomy.Util.data_util import magnitude2cps

from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.halos import concentration, truncated_nfw
from lensmae.data.simulation.presets import MODEL_I_AMPLITUDE, SOURCE_MAGNITUDE, Preset

Arguments = list[dict[str, float]]
# Columns of a row that replace a value of its camera.
_CAMERA_COLUMNS = {"pixel_scale": "pixel_scale", "psf_fwhm": "seeing", "exposure_time": "exposure_time"}


def known(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row says something about a scalar column."""
    value = row.get(name)
    return value is not None and value == value


def camera_of(preset: Preset, row: Mapping[str, Any]) -> Instrument:
    """The camera that sees a lens, with what the row says of its pixels, PSF and exposure.

    Coarser pixels are sums of the camera's own, so their read noise is larger.
    """
    camera = CAMERAS[str(row["camera"]) if known(row, "camera") else preset.cameras[0]]
    changes = {field: float(row[name]) for name, field in _CAMERA_COLUMNS.items() if known(row, name)}
    if not changes:
        return camera
    if "pixel_scale" in changes:
        changes["read_noise"] = camera.read_noise * changes["pixel_scale"] / camera.pixel_scale
    return replace(camera, **changes)


def deflectors(preset: Preset, row: Mapping[str, Any]) -> tuple[LensModel, Arguments]:
    """The lens in one plane: isothermal ellipsoid, external shear, substructure.

    As one plane, deflections scale with the preset's `plane_factor`: Einstein radius of the SIE and shear by the factor,
    Einstein radii of point masses by its square root.
    """
    factor = preset.plane_factor
    lens = [
        {"theta_E": row["theta_E"] * factor, "e1": row["e1"], "e2": row["e2"], "center_x": 0.0, "center_y": 0.0},
        {"gamma1": row["gamma1"] * factor, "gamma2": row["gamma2"] * factor, "ra_0": 0.0, "dec_0": 0.0},
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
    places = zip(radii, row["subhalo_x"], row["subhalo_y"], strict=True)
    return ["POINT_MASS"] * len(radii), [{"theta_E": radius, "center_x": x, "center_y": y} for radius, x, y in places]


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
    galaxies, shining = _foreground(row, camera)
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
    knots = _listed(row, "clump", ("share", "R_sersic", "x", "y"))
    if not knots:
        return light, [_bright(light, source, flux)]
    body = flux * (1 - sum(share for share, *_ in knots))
    round_light = LightModel(["SERSIC"])
    small = [
        _bright(round_light, {"R_sersic": size, "n_sersic": 1.0, "center_x": x, "center_y": y}, share * flux)
        for share, size, x, y in knots
    ]
    return LightModel(["SERSIC_ELLIPSE"] + ["SERSIC"] * len(small)), [_bright(light, source, body), *small]


def _foreground(row: Mapping[str, Any], camera: Instrument) -> tuple[LightModel | None, Arguments | None]:
    """Light of the lens galaxy and its neighbours, where the row has any."""
    names, arguments = [], []
    if known(row, "lens_magnitude"):
        light = {"R_sersic": row["lens_R_sersic"], "n_sersic": row["lens_n_sersic"], "center_x": 0.0, "center_y": 0.0}
        light |= {"e1": row["lens_e1"], "e2": row["lens_e2"]}
        names.append("SERSIC_ELLIPSE")
        arguments.append(_bright(LightModel(names), light, _counts(camera, row["lens_magnitude"])))
    for magnitude, size, x, y in _listed(row, "neighbour", ("magnitude", "R_sersic", "x", "y")):
        light = {"R_sersic": size, "n_sersic": 1.0, "center_x": x, "center_y": y}
        names.append("SERSIC")
        arguments.append(_bright(LightModel(["SERSIC"]), light, _counts(camera, magnitude)))
    return (LightModel(names), arguments) if names else (None, None)


def _listed(row: Mapping[str, Any], what: str, columns: tuple[str, ...]) -> list[tuple[float, ...]]:
    """One tuple a knot or neighbour, from the row's lists; none where the row has no such columns."""
    lists = [row.get(f"{what}_{column}") for column in columns]
    return [] if lists[0] is None else list(zip(*lists, strict=True))


def _counts(camera: Instrument, magnitude: float) -> float:
    return float(magnitude2cps(magnitude, camera.magnitude_zero_point))


def _bright(light: LightModel, profile: dict[str, float], flux: float) -> dict[str, float]:
    """A profile with the amplitude that gives it a total flux in counts a second."""
    return profile | {"amp": flux / float(light.total_flux([profile | {"amp": 1.0}], norm=True)[0])}
