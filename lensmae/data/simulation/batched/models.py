"""Lenses of DeepLenseSim's Models I-III drawn from their priors, with the fixed macro model or a free one."""

from typing import Any

import torch
from torch import Tensor

from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.profiles import sersic_unit_flux
from lensmae.data.simulation.batched.scene import Light, Macro, Points, Scene
from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.presets import (
    AXION_LOG_MASS,
    MODEL_HALOS,
    MODEL_I_AMPLITUDE,
    MODEL_I_LOG_EXPOSURE,
    MODEL_LENS,
    MODEL_LENS_MASS,
    MODEL_SOURCE,
    MODEL_SOURCE_PLACE,
    SOURCE_MAGNITUDE,
    VORTEX,
    Preset,
)

FWHM_OF_SIGMA = 2.3548200450309493

# Free macro model: ranges about those of Models II and III as seen through their plane factor (theta_E 0.81", shear 0.032).
# Uniform between the bounds; every direction alike.
FREE_MACRO = {
    "theta_E": (0.6, 1.1),
    "axis_ratio": (0.6, 0.99),
    "shear": (0.0, 0.06),
    "R_sersic": (0.12, 0.4),
    "n_sersic": (0.7, 2.0),
    "source_axis_ratio": (0.6, 1.0),
}


def model_scene(preset: Preset, class_name: str, count: int, draws: Draws, free: bool) -> tuple[Scene, Tensor]:
    """`count` lenses of one class, and the logarithm of their axion masses in eV (NaN where there is none)."""
    camera = CAMERAS[preset.cameras[0]]
    macro = _free_macro(count, draws) if free else _fixed_macro(preset, count, draws)
    source = _source(preset, camera, count, draws, free)
    points, log_mass = _points(preset, class_name, count, draws)
    gain = draws.constant(2.0 if preset.noise == "doubled" else 1.0, count)
    if preset.noise == "counts":
        gain = 10 ** draws.uniform(*MODEL_I_LOG_EXPOSURE, count)
    return Scene(macro=macro, source=source, points=points, gain=gain, **camera_fields(camera, count, draws)), log_mass


def camera_fields(camera: Instrument, count: int, draws: Draws) -> dict[str, Any]:
    """A scene's fields that say how one camera sees it."""
    return {
        "pixel_scale": draws.constant(camera.pixel_scale, count),
        "psf_sigma": draws.constant(camera.seeing / FWHM_OF_SIGMA / camera.pixel_scale, count),
        "truncation": draws.constant(camera.truncation, count),
        "side": camera.num_pix,
        "supersampling": camera.supersampling,
    }


def flux_of(magnitude: Tensor | float, camera: Instrument) -> Tensor | float:
    """Counts a second."""
    return 10 ** (-0.4 * (magnitude - camera.magnitude_zero_point))


def spin(size: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Components of an ellipticity or shear of `size`, whose axis is at half of `angle`."""
    return size * angle.cos(), size * angle.sin()


def ellipticity(axis_ratio: Tensor) -> Tensor:
    return (1 - axis_ratio) / (1 + axis_ratio)


def _fixed_macro(preset: Preset, count: int, draws: Draws) -> Macro:
    factor = preset.plane_factor
    values = {
        "theta_E": preset.theta_e_solar * MODEL_LENS_MASS**0.5 * factor,
        "e1": MODEL_LENS["e1"],
        "e2": MODEL_LENS["e2"],
        "gamma1": MODEL_LENS["gamma1"] * factor,
        "gamma2": MODEL_LENS["gamma2"] * factor,
        "x": 0.0,
        "y": 0.0,
    }
    return Macro(**{name: draws.constant(value, count) for name, value in values.items()})


def _free_macro(count: int, draws: Draws) -> Macro:
    size = ellipticity(draws.uniform(*FREE_MACRO["axis_ratio"], count))
    e1, e2 = spin(size, draws.angle(count))
    gamma1, gamma2 = spin(draws.uniform(*FREE_MACRO["shear"], count), draws.angle(count))
    centre = draws.constant(0.0, count)
    return Macro(draws.uniform(*FREE_MACRO["theta_E"], count), e1, e2, gamma1, gamma2, centre, centre)


def _source(preset: Preset, camera: Instrument, count: int, draws: Draws, free: bool) -> Light:
    x, y = draws.uniform(*MODEL_SOURCE_PLACE, count, 1), draws.uniform(*MODEL_SOURCE_PLACE, count, 1)
    if free:
        size, index = draws.uniform(*FREE_MACRO["R_sersic"], count, 1), draws.uniform(*FREE_MACRO["n_sersic"], count, 1)
        flat = ellipticity(draws.uniform(*FREE_MACRO["source_axis_ratio"], count, 1))
        e1, e2 = spin(flat, draws.angle(count, 1))
    else:
        names = ("R_sersic", "n_sersic", "source_e1", "source_e2")
        size, index, e1, e2 = (draws.constant(MODEL_SOURCE[name], count, 1) for name in names)
    if preset.noise == "counts":
        flux = MODEL_I_AMPLITUDE * sersic_unit_flux(size, index)
    else:
        flux = draws.constant(float(flux_of(SOURCE_MAGNITUDE, camera)), count, 1)
    return Light(flux, size, index, e1, e2, x, y)


def _points(preset: Preset, class_name: str, count: int, draws: Draws) -> tuple[Points | None, Tensor]:
    none = draws.constant(float("nan"), count)
    if class_name == "cdm":
        shape = (count, MODEL_HALOS["count"])
        mass = draws.power_law(MODEL_HALOS["slope"], *MODEL_HALOS["masses"], *shape)
        radius, angle = draws.uniform(*MODEL_HALOS["radius"], *shape), draws.angle(*shape)
        return Points(_squared(preset, mass), radius * angle.cos(), radius * angle.sin()), none
    if class_name == "axion":
        log_mass, angle = draws.uniform(*AXION_LOG_MASS, count), draws.angle(count, 1)
        x, y = vortex_places(log_mass, angle)
        mass = draws.constant(VORTEX["point_mass"], count, VORTEX["count"])
        return Points(_squared(preset, mass), x, y), log_mass
    return None, none


def _squared(preset: Preset, mass: Tensor) -> Tensor:
    """Squared Einstein radii in arcsec^2 of masses in Msun, in one plane."""
    return preset.theta_e_solar**2 * preset.plane_factor * mass


def vortex_places(log_mass: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """x and y (B, N) in arcsec of a vortex's point masses about its middle.

    Args:
        log_mass: (B,) of the axion in eV.
        angle: (B, 1) of the line in radians.
    """
    along = torch.linspace(-1, 1, VORTEX["count"], device=angle.device, dtype=angle.dtype)
    along = along * (VORTEX["length"] / 2 * 10 ** (-log_mass))[:, None]
    return along * angle.cos(), along * angle.sin()
