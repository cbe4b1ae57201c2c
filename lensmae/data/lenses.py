"""One simulated lens from a preset, a class and a seed, or again from its row of parameters. lenstronomy does the lensing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.SimulationAPI.sim_api import SimAPI

from lensmae.data.bicubic import downsample_bicubic
from lensmae.data.presets import EUCLID_VIS, HR_CAMERA, MULTI_PLANE_FACTOR, PRESETS, THETA_E_SOLAR, Instrument
from lensmae.errors import DatasetError

_NUMERICS = {"supersampling_factor": 1}
_SOURCE_MAGNITUDE = 20.0


@dataclass(frozen=True)
class SimulatedLens:
    """An image and all that is needed to make it again.

    Attributes:
        image: (H, W) float32.
        target: (H2, W2) float32 HR image of a pair set, else None.
        truth: (H2, W2) float32 noise-free HR image of a pair set, else None.
        parameters: the lens's row, lengths in arcsec, masses in Msun, axion mass in eV.
    """

    image: np.ndarray
    target: np.ndarray | None
    truth: np.ndarray | None
    parameters: dict[str, Any]


def simulate_lens(preset: str, class_name: str, seed: int) -> SimulatedLens:
    """A lens whose parameters are drawn from `seed`; the same arguments give the same bits."""
    check_preset(preset, class_name)
    return simulate_row(preset, draw_parameters(preset, class_name, seed))


def simulate_row(preset: str, row: Mapping[str, Any]) -> SimulatedLens:
    """A lens from its row of `lenses.parquet`."""
    check_preset(preset, str(row["class"]))
    if preset == "model_ii":
        # DeepLenseSim adds the noise-free model to itself where its noise should have been.
        image = 2.0 * _render(EUCLID_VIS, row, MULTI_PLANE_FACTOR)
        return SimulatedLens(image.astype(np.float32), None, None, dict(row))
    return _pair(row)


def check_preset(preset: str, class_name: str | None = None) -> None:
    """Raise `DatasetError` where there is no such preset, or no such class in it."""
    if preset not in PRESETS:
        raise DatasetError(f"There is no preset {preset!r}; there are {', '.join(PRESETS)}.")
    if class_name is not None and class_name not in PRESETS[preset].classes:
        raise DatasetError(f"Preset {preset} has no class {class_name!r}; it has {', '.join(PRESETS[preset].classes)}.")


def theta_e(mass: np.ndarray | float) -> np.ndarray | float:
    """Einstein radius in arcsec of point masses in Msun; see `THETA_E_SOLAR`."""
    return THETA_E_SOLAR * np.sqrt(mass)


def draw_parameters(preset: str, class_name: str, seed: int) -> dict[str, Any]:
    """Draw a lens's parameters from the preset's priors."""
    rng = np.random.default_rng(seed)
    macro = _model_macro(rng) if preset == "model_ii" else _pair_macro(rng)
    return {"class": class_name, "seed": seed, **macro, **_substructure(class_name, rng)}


def _model_macro(rng: np.random.Generator) -> dict[str, float]:
    """Models I-III: everything fixed but the source's place."""
    source_x, source_y = rng.uniform(-0.35, 0.35, 2)
    lens = {"theta_E": float(theta_e(1e12)), "e1": 0.1, "e2": 0.0, "gamma1": 0.05, "gamma2": 0.0}
    source = {"source_x": float(source_x), "source_y": float(source_y), "R_sersic": 0.25, "n_sersic": 1.0}
    return {**lens, **source, "source_e1": -0.1, "source_e2": 0.1}


def _pair_macro(rng: np.random.Generator) -> dict[str, float]:
    """`superres`: rings and arcs 20-45 HR pixels in radius, elongated along x by 0.6-1."""
    lens = {"theta_E": rng.uniform(1.0, 2.25), "e1": rng.uniform(0.0, 0.25), "e2": rng.uniform(-0.05, 0.05)}
    shear = {"gamma1": rng.uniform(-0.06, 0.02), "gamma2": rng.uniform(-0.03, 0.03)}
    source = {"source_x": rng.uniform(-0.3, 0.3), "source_y": rng.uniform(-0.3, 0.3), "R_sersic": rng.uniform(0.18, 0.36)}
    shape = {"n_sersic": rng.uniform(0.5, 1.0), "source_e1": rng.uniform(-0.2, 0.2), "source_e2": rng.uniform(-0.2, 0.2)}
    return {name: float(value) for name, value in {**lens, **shear, **source, **shape}.items()}


def _substructure(class_name: str, rng: np.random.Generator) -> dict[str, Any]:
    if class_name == "cdm":
        # 25 point masses, dN/dm ~ m^-0.9 between 1e6 and 1e10 Msun, in an annulus of 0.25-2.0 arcsec.
        low, high = 1e6**0.1, 1e10**0.1
        mass = (low + rng.random(25) * (high - low)) ** 10
        radius, angle = rng.uniform(0.25, 2.0, 25), rng.uniform(0.0, 2 * np.pi, 25)
        return _subhalos(mass, radius * np.cos(angle), radius * np.sin(angle), np.nan, np.nan)
    if class_name == "axion":
        # A vortex line of 100 equal point masses, 3e10 Msun together, of half-length 0.06e-22 / (2 m) arcsec.
        axion_mass = 10.0 ** rng.uniform(-24, -22)
        angle = rng.uniform(0.0, 2 * np.pi)
        along = np.linspace(-1.0, 1.0, 100) * 0.06e-22 / (2 * axion_mass)
        return _subhalos(np.full(100, 3e8), along * np.cos(angle), along * np.sin(angle), axion_mass, angle)
    return _subhalos(np.empty(0), np.empty(0), np.empty(0), np.nan, np.nan)


def _subhalos(mass: np.ndarray, x: np.ndarray, y: np.ndarray, axion_mass: float, axion_angle: float) -> dict[str, Any]:
    places = {"subhalo_mass": mass.tolist(), "subhalo_x": x.tolist(), "subhalo_y": y.tolist()}
    return {**places, "axion_mass_ev": float(axion_mass), "axion_angle": float(axion_angle)}


@lru_cache(maxsize=8)
def _camera(instrument: Instrument) -> tuple[Any, Any, float]:
    """Pixel grid, PSF and the counts a second of the source's magnitude; built once, since it costs as much as a lens."""
    model = {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]}
    api = SimAPI(instrument.num_pix, instrument.band(), model)
    return api.data_class, api.psf_class, float(api.magnitude2cps(_SOURCE_MAGNITUDE))


def _render(instrument: Instrument, row: Mapping[str, Any], plane_factor: float) -> np.ndarray:
    """Noise-free image (H, W) float64. As one plane, deflections scale with `plane_factor`: Einstein radius of the SIE and
    shear by the factor, Einstein radii of point masses by its square root."""
    data, psf, counts = _camera(instrument)
    subhalo_radii = theta_e(np.asarray(row["subhalo_mass"], dtype=np.float64)) * np.sqrt(plane_factor)
    lens = [
        {"theta_E": row["theta_E"] * plane_factor, "e1": row["e1"], "e2": row["e2"], "center_x": 0.0, "center_y": 0.0},
        {"gamma1": row["gamma1"] * plane_factor, "gamma2": row["gamma2"] * plane_factor, "ra_0": 0.0, "dec_0": 0.0},
    ]
    places = zip(subhalo_radii, row["subhalo_x"], row["subhalo_y"], strict=True)
    lens += [{"theta_E": radius, "center_x": x, "center_y": y} for radius, x, y in places]
    lens_model = LensModel(["SIE", "SHEAR"] + ["POINT_MASS"] * len(subhalo_radii))
    light = LightModel(["SERSIC_ELLIPSE"])
    source = {"R_sersic": row["R_sersic"], "n_sersic": row["n_sersic"], "e1": row["source_e1"], "e2": row["source_e2"]}
    source |= {"center_x": row["source_x"], "center_y": row["source_y"]}
    source["amp"] = counts / float(light.total_flux([source | {"amp": 1.0}], norm=True)[0])
    model = ImageModel(data, psf, lens_model_class=lens_model, source_model_class=light, kwargs_numerics=_NUMERICS)
    return model.image(lens, [source])


# Flux-dependent noise of the HR images (range [0, 1]): variance = background + shot + a term that grows with flux squared.
# Set so that bicubic scores what it scores on Task VI.B's images (41.6 dB, SSIM 0.973); rms 0.006 on the sky, 0.010 / 0.013 /
# 0.018 / 0.026 / 0.034 at flux 0.09 / 0.18 / 0.37 / 0.7 / 1, some 20 % above the local rms measured on those images.
_NOISE_VARIANCE = (3.0e-5, 6.6e-4, 4.4e-4)
_SKY = 0.008


def _pair(row: Mapping[str, Any]) -> SimulatedLens:
    clean = _render(HR_CAMERA, row, 1.0)
    truth = _SKY + (1.0 - _SKY) * clean / clean.max()
    constant, linear, square = _NOISE_VARIANCE
    rms = np.sqrt(constant + linear * truth + square * truth**2)
    # A stream of its own, so that the noise can be drawn again from the row without drawing the parameters.
    noise = np.random.default_rng([int(row["seed"]), 1]).standard_normal(truth.shape)
    noisy = np.maximum(truth + rms * noise, 0.0)
    low, high = noisy.min(), noisy.max()
    target = ((noisy - low) / (high - low)).astype(np.float32)
    truth = ((truth - low) / (high - low)).astype(np.float32)
    return SimulatedLens(downsample_bicubic(target), target, truth, dict(row))
