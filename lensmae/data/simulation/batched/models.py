"""Lenses of Models I-III, with the fixed macro model or a free one, and of `superres`, drawn from their priors."""

from typing import Any

import torch
from torch import Tensor

from lensmae.data.simulation import priors
from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.profiles import sersic_unit_flux
from lensmae.data.simulation.batched.scene import Light, Macro, Points, Scene
from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.presets import Preset
from lensmae.data.statistics import FWHM_OF_SIGMA


def model_scene(preset: Preset, class_name: str, count: int, draws: Draws) -> tuple[Scene, Tensor]:
    """`count` lenses of one class, and the logarithm of their axion masses in eV (NaN where there is none).

    Args:
        preset: the preset.
        class_name: one of its classes.
        count: lenses, 1 or more.
        draws: random numbers.
    """
    camera = CAMERAS[preset.cameras[0]]
    macro, shape = _MACRO[preset.macro](preset, count, draws)
    points, log_mass = point_masses(preset, class_name, count, draws)
    exposure = draws.constant(camera.exposure_time * camera.num_exposures, count)
    if preset.noise == "counts":
        exposure = 10 ** draws.uniform(*priors.MODEL_I_LOG_EXPOSURE, count)
    fields = camera_fields(camera, count, draws) | {"exposure": exposure, "gain": gain_of(preset, exposure)}
    return Scene(macro=macro, source=_source(preset, camera, count, draws, shape), points=points, **fields), log_mass


def gain_of(preset: Preset, exposure: Tensor) -> Tensor:
    """Factor between a preset's unit and counts a second."""
    if preset.noise == "counts":
        return exposure
    return torch.full_like(exposure, 2.0 if preset.noise == "doubled" else 1.0)


def camera_fields(camera: Instrument, count: int, draws: Draws) -> dict[str, Any]:
    """A scene's fields that say how one camera sees it."""
    return {
        "pixel_scale": draws.constant(camera.pixel_scale, count),
        "psf_sigma": draws.constant(camera.seeing / FWHM_OF_SIGMA / camera.pixel_scale, count),
        "truncation": draws.constant(camera.truncation, count),
        "background": draws.constant(background_of(camera), count),
        "side": camera.num_pix,
        "supersampling": camera.supersampling,
    }


def background_of(camera: Instrument) -> float:
    """Standard deviation of sky and read-out noise in counts a second and pixel."""
    time = camera.exposure_time * camera.num_exposures
    sky = float(flux_of(camera.sky_brightness, camera.magnitude_zero_point)) * camera.pixel_scale**2
    return (camera.num_exposures * camera.read_noise**2 + sky * time) ** 0.5 / time


def flux_of(magnitude: Tensor | float, zero_point: Tensor | float) -> Tensor | float:
    """Counts a second."""
    return 10 ** (-0.4 * (magnitude - zero_point))


def point_masses(preset: Preset, class_name: str, count: int, draws: Draws) -> tuple[Points | None, Tensor]:
    """Substructure of Models I-III about the centre, and the logarithm of the axion mass.

    Args:
        preset: the preset.
        class_name: one of its classes.
        count: lenses, 1 or more.
        draws: random numbers.
    """
    none = draws.constant(float("nan"), count)
    if class_name == "cdm":
        shape = (count, priors.MODEL_HALOS["count"])
        mass = draws.power_law(priors.MODEL_HALOS["slope"], *priors.MODEL_HALOS["masses"], *shape)
        radius, angle = draws.uniform(*priors.MODEL_HALOS["radius"], *shape), draws.angle(*shape)
        return Points(_squared(preset, mass), radius * angle.cos(), radius * angle.sin()), none
    return vortex(preset, count, draws) if class_name == "axion" else (None, none)


def vortex(preset: Preset, count: int, draws: Draws) -> tuple[Points, Tensor]:
    """Lines of equal point masses through the centre, and the logarithms of their axion masses."""
    log_mass, angle = draws.uniform(*priors.AXION_LOG_MASS, count), draws.angle(count, 1)
    along = torch.linspace(-1, 1, priors.VORTEX["count"], device=draws.device, dtype=draws.dtype)
    along = along * (priors.VORTEX["length"] / 2 * 10 ** (-log_mass))[:, None]
    mass = draws.constant(priors.VORTEX["point_mass"], count, priors.VORTEX["count"])
    return Points(_squared(preset, mass), along * angle.cos(), along * angle.sin()), log_mass


def _squared(preset: Preset, mass: Tensor) -> Tensor:
    """Squared Einstein radii in arcsec^2 of masses in Msun, in one plane."""
    return preset.theta_e_solar**2 * preset.plane_factor * mass


def _fixed_macro(preset: Preset, count: int, draws: Draws) -> tuple[Macro, dict[str, Tensor]]:
    factor = preset.plane_factor
    lens = {
        "theta_E": preset.theta_e_solar * priors.MODEL_LENS_MASS**0.5 * factor,
        "e1": priors.MODEL_LENS["e1"],
        "e2": priors.MODEL_LENS["e2"],
    }
    lens |= {name: priors.MODEL_LENS[name] * factor for name in ("gamma1", "gamma2")} | {"x": 0.0, "y": 0.0}
    shape = {name: draws.constant(value, count, 1) for name, value in priors.MODEL_SOURCE.items()}
    return Macro(**{name: draws.constant(value, count) for name, value in lens.items()}), shape | _source_position(count, draws)


def _free_macro(preset: Preset, count: int, draws: Draws) -> tuple[Macro, dict[str, Tensor]]:
    """Einstein radius and shear are drawn as seen: in one plane already."""
    e1, e2 = _flattened(draws, "axis_ratio", count)
    gamma1, gamma2 = draws.spin(*priors.FREE_PRIORS["shear"], count)
    centre = draws.constant(0.0, count)
    macro = Macro(draws.uniform(*priors.FREE_PRIORS["theta_E"], count), e1, e2, gamma1, gamma2, centre, centre)
    shape = {name: draws.uniform(*priors.FREE_PRIORS[name], count, 1) for name in ("R_sersic", "n_sersic")}
    shape["source_e1"], shape["source_e2"] = _flattened(draws, "source_axis_ratio", count, 1)
    return macro, shape | _source_position(count, draws)


def _pair_macro(preset: Preset, count: int, draws: Draws) -> tuple[Macro, dict[str, Tensor]]:
    drawn = {name: draws.uniform(*bounds, count) for name, bounds in priors.PAIR_PRIORS.items()}
    centre = draws.constant(0.0, count)
    macro = Macro(*(drawn[name] for name in ("theta_E", "e1", "e2", "gamma1", "gamma2")), centre, centre)
    names = ("R_sersic", "n_sersic", "source_e1", "source_e2", "source_x", "source_y")
    return macro, {name: drawn[name][:, None] for name in names}


_MACRO = {"model": _fixed_macro, "free": _free_macro, "pairs": _pair_macro}


def _source_position(count: int, draws: Draws) -> dict[str, Tensor]:
    return {name: draws.uniform(*priors.MODEL_SOURCE_PLACE, count, 1) for name in ("source_x", "source_y")}


def _flattened(draws: Draws, name: str, *shape: int) -> tuple[Tensor, Tensor]:
    """Ellipticity components of an axis ratio of `FREE_PRIORS`, any direction."""
    ratio, angle = draws.uniform(*priors.FREE_PRIORS[name], *shape), draws.angle(*shape)
    size = (1 - ratio) / (1 + ratio)
    return size * angle.cos(), size * angle.sin()


def _source(preset: Preset, camera: Instrument, count: int, draws: Draws, shape: dict[str, Tensor]) -> Light:
    if preset.noise == "counts":
        flux = priors.MODEL_I_AMPLITUDE * sersic_unit_flux(shape["R_sersic"], shape["n_sersic"])
    else:
        flux = draws.constant(float(flux_of(priors.SOURCE_MAGNITUDE, camera.magnitude_zero_point)), count, 1)
    return Light(flux, *(shape[name] for name in ("R_sersic", "n_sersic", "source_e1", "source_e2", "source_x", "source_y")))
