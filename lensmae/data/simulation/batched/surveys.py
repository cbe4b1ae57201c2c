"""Lenses of the survey presets, and galaxies that are none, drawn from their priors."""

import math
from typing import Any

import torch
from torch import Tensor

from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.models import flux_of, vortex
from lensmae.data.simulation.batched.scene import Halos, Knots, Light, Macro, Points, Scene
from lensmae.data.simulation.cameras import CAMERAS
from lensmae.data.simulation.lensing.halos import halo_shape, log_concentration
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.priors import (
    GALAXY_ARMS_SHARE,
    GALAXY_DISC_SHARE,
    GALAXY_PRIORS,
    HALO_CONCENTRATION,
    HALO_MASSES,
    HALO_SLOPE,
    SURVEY_PRIORS,
)
from lensmae.data.simulation.sampling import expected_subhalos
from lensmae.data.statistics import FWHM_OF_SIGMA

# Subhalos that are drawn at most: six standard deviations more than the largest lens has on average.
_MEAN = expected_subhalos(SURVEY_PRIORS["theta_E"][1])
_MOST_SUBHALOS = math.ceil(_MEAN + 6 * _MEAN**0.5)


class _Cameras:
    """One camera of the preset for every lens, with its pixel scale: tensors (B,)."""

    def __init__(self, preset: Preset, count: int, draws: Draws) -> None:
        self.draws, self.count = draws, count
        self.all = [CAMERAS[name] for name in preset.cameras]
        self.chosen = (draws.unit(count) * len(self.all)).long()
        coarse = 1 + draws.unit(count) * (self.of("coarsest") - 1) if preset.pixel_scale is None else 1.0
        self.pixel_scale = self.of("pixel_scale") * coarse
        self.zero_point = self.of("magnitude_zero_point")

    def of(self, name: str, index: int | None = None) -> Tensor:
        values = [getattr(camera, name) if index is None else getattr(camera, name)[index] for camera in self.all]
        return torch.tensor(values, device=self.draws.device, dtype=self.draws.dtype)[self.chosen]

    def magnitudes(self, name: str) -> Tensor:
        low, high = self.of(name, 0), self.of(name, 1)
        return low + (high - low) * self.draws.unit(self.count)

    def fields(self) -> dict[str, Any]:
        """A scene's fields. Coarser pixels are sums of the camera's own, so their read noise is larger."""
        number = self.of("num_exposures")
        exposure = self.of("exposure_time") * number
        read = self.of("read_noise") * self.pixel_scale / self.of("pixel_scale")
        sky = flux_of(self.of("sky_brightness"), self.zero_point) * self.pixel_scale.square() * exposure
        return {
            "pixel_scale": self.pixel_scale,
            "psf_sigma": self.of("seeing") / FWHM_OF_SIGMA / self.pixel_scale,
            "truncation": self.of("truncation"),
            "background": (number * read.square() + sky).sqrt() / exposure,
            "exposure": exposure,
            "gain": torch.ones_like(exposure),
            "side": self.all[0].num_pix,
            "supersampling": self.all[0].supersampling,
        }


def survey_scene(preset: Preset, class_name: str, count: int, draws: Draws) -> tuple[Scene, Tensor]:
    """`count` lenses of one class, and the logarithm of their axion masses in eV (NaN where there is none).

    Args:
        preset: the preset.
        class_name: one of its classes.
        count: lenses, 1 or more.
        draws: random numbers.
    """
    cameras = _Cameras(preset, count, draws)
    low, high = (cameras.pixel_scale * pixels for pixels in SURVEY_PRIORS["theta_E_pixels"])
    least, most = SURVEY_PRIORS["theta_E"]
    low = low.clamp(min=least)
    radius = low + (high.clamp(max=most) - low) * draws.unit(count)
    e1, e2 = draws.spin(*SURVEY_PRIORS["ellipticity"], count)
    centre = draws.constant(0.0, count)
    macro = Macro(radius, e1, e2, *draws.spin(*SURVEY_PRIORS["shear"], count), centre, centre)
    magnitude = cameras.magnitudes("lens_magnitudes")
    lens = Light(
        flux_of(magnitude, cameras.zero_point)[:, None],
        (radius * draws.uniform(*SURVEY_PRIORS["lens_R_sersic"], count))[:, None],
        draws.uniform(*SURVEY_PRIORS["lens_n_sersic"], count, 1),
        (e1 + 0.05 * draws.normal(count))[:, None],
        (e2 + 0.05 * draws.normal(count))[:, None],
        centre[:, None],
        centre[:, None],
    )
    # Neighbours lie beyond the ring, up to the corners of the image.
    edge = 1.4 * cameras.pixel_scale * cameras.all[0].num_pix / 2
    beside = _neighbours(cameras, magnitude, 1.6 * radius, edge, SURVEY_PRIORS["neighbours"], SURVEY_PRIORS["neighbour_fainter"])
    source, knots = _clumpy_source(cameras, radius)
    points, halos, log_mass = _substructure(preset, class_name, radius, draws)
    scene = Scene(
        macro=macro,
        source=source,
        knots=knots,
        foreground=lens,
        neighbours=beside,
        points=points,
        halos=halos,
        **cameras.fields(),
    )
    return scene, log_mass


def _clumpy_source(cameras: _Cameras, radius: Tensor) -> tuple[Light, Knots]:
    """The source's body, and its bright knots."""
    draws, count = cameras.draws, cameras.count
    near, far = SURVEY_PRIORS["source_offset"]
    offset, angle = radius * draws.uniform(near**2, far**2, count).sqrt(), draws.angle(count)
    x, y = offset * angle.cos(), offset * angle.sin()
    size = draws.uniform(*SURVEY_PRIORS["R_sersic"], count)
    e1, e2 = draws.spin(*SURVEY_PRIORS["source_ellipticity"], count)
    there = draws.some(*SURVEY_PRIORS["clumps"], count)
    share = draws.uniform(*SURVEY_PRIORS["clump_share"], *there.shape) * there
    flux = flux_of(cameras.magnitudes("source_magnitudes"), cameras.zero_point)
    index = draws.uniform(*SURVEY_PRIORS["n_sersic"], count)
    body = Light(*(values[:, None] for values in (flux * (1 - share.sum(1)), size, index, e1, e2, x, y)))
    knots = Knots(
        flux[:, None] * share,
        draws.uniform(*SURVEY_PRIORS["clump_R_sersic"], *there.shape),
        x[:, None] + 0.7 * size[:, None] * draws.normal(*there.shape),
        y[:, None] + 0.7 * size[:, None] * draws.normal(*there.shape),
    )
    return body, knots


def _neighbours(
    cameras: _Cameras,
    magnitude: Tensor,
    nearest: Tensor,
    farthest: Tensor,
    number: tuple[float, float],
    fainter: tuple[float, float],
) -> Knots:
    """Galaxies beside the one of `magnitude` (B,), between two distances (B,) in arcsec."""
    draws = cameras.draws
    there = draws.some(*number, cameras.count)
    distance = nearest[:, None] + (farthest - nearest)[:, None] * draws.unit(*there.shape)
    angle = draws.angle(*there.shape)
    faint = magnitude[:, None] + draws.uniform(*fainter, *there.shape)
    size = draws.uniform(*SURVEY_PRIORS["neighbour_R_sersic"], *there.shape)
    return Knots(flux_of(faint, cameras.zero_point[:, None]) * there, size, distance * angle.cos(), distance * angle.sin())


def _substructure(preset: Preset, class_name: str, radius: Tensor, draws: Draws) -> tuple[Points | None, Halos | None, Tensor]:
    count, none = len(radius), draws.constant(float("nan"), len(radius))
    if class_name == "cdm":
        return None, _subhalos(radius, draws), none
    if class_name == "axion":
        points, log_mass = vortex(preset, count, draws)
        # As in Models I-III, but not always through the middle of the lens.
        x, y = (0.2 * radius[:, None] * draws.normal(count, 1) for _ in "xy")
        return Points(points.theta_E_squared, points.x + x, points.y + y), None, log_mass
    return None, None, none


def _subhalos(radius: Tensor, draws: Draws) -> Halos:
    """A Poisson number of subhalos within two Einstein radii, one at least."""
    number = draws.poisson(expected_subhalos(radius)).clamp(1, _MOST_SUBHALOS)
    there = torch.arange(_MOST_SUBHALOS, device=radius.device) < number[:, None]
    mass = draws.power_law(HALO_SLOPE, *HALO_MASSES, *there.shape)
    distance, angle = 2 * radius[:, None] * draws.unit(*there.shape).sqrt(), draws.angle(*there.shape)
    scatter = HALO_CONCENTRATION["scatter_dex"] * draws.normal(*there.shape)
    values = 10 ** (log_concentration(mass.log10()) + scatter)
    size, strength, truncation = halo_shape(mass, values, values.log1p())
    return Halos(strength * there, size, truncation, distance * angle.cos(), distance * angle.sin())


def galaxy_scene(preset: Preset, class_name: str, count: int, draws: Draws) -> tuple[Scene, Tensor]:
    """`count` galaxies that are no lenses: ellipticals, discs with a bulge, spirals. `class_name` is not used: there is one.

    Args:
        preset: the preset.
        class_name: not used: there is one.
        count: galaxies, 1 or more.
        draws: random numbers.
    """
    cameras = _Cameras(preset, count, draws)
    scale, zero = cameras.pixel_scale, draws.constant(0.0, count)
    magnitude = cameras.magnitudes("lens_magnitudes")
    flux = flux_of(magnitude, cameras.zero_point)
    is_disc = draws.unit(count) < GALAXY_DISC_SHARE

    def either(disc: Tensor, elliptical: Tensor) -> Tensor:
        return torch.where(is_disc, disc, elliptical)

    size = scale * either(_drawn(draws, "disc_R_sersic_pixels", count), _drawn(draws, "R_sersic_pixels", count))
    index = either(torch.ones_like(size), draws.uniform(*SURVEY_PRIORS["lens_n_sersic"], count))
    flat = either(_drawn(draws, "disc_ellipticity", count), draws.uniform(*SURVEY_PRIORS["ellipticity"], count))
    angle = draws.angle(count)
    e1, e2 = flat * angle.cos(), flat * angle.sin()
    knots = _arms(draws, flux, size, flat, angle / 2, is_disc)
    body = Light(*(values[:, None] for values in (flux - knots.flux.sum(1), size, index, e1, e2, zero, zero)))
    bulge_flux = flux_of(magnitude + _drawn(draws, "bulge_fainter", count), cameras.zero_point) * is_disc
    bulge_size, bulge_index = size * _drawn(draws, "bulge_R_sersic", count), _drawn(draws, "bulge_n_sersic", count)
    bulge = Light(*(values[:, None] for values in (bulge_flux, bulge_size, bulge_index, e1 / 2, e2 / 2, zero, zero)))
    near, far = (scale * pixels for pixels in GALAXY_PRIORS["neighbour_distance_pixels"])
    beside = _neighbours(cameras, magnitude, near, far, GALAXY_PRIORS["neighbours"], GALAXY_PRIORS["neighbour_fainter"])
    macro = Macro(zero, zero, zero, zero, zero, zero, zero)
    scene = Scene(macro=macro, source=body, knots=knots, foreground=bulge, neighbours=beside, **cameras.fields())
    return scene, draws.constant(float("nan"), count)


def _drawn(draws: Draws, name: str, *shape: int) -> Tensor:
    return draws.uniform(*GALAXY_PRIORS[name], *shape)


def _arms(draws: Draws, flux: Tensor, size: Tensor, flat: Tensor, axis: Tensor, is_disc: Tensor) -> Knots:
    """Knots along two logarithmic spirals in the discs that have arms; see `sampling`."""
    count, most = len(size), int(GALAXY_PRIORS["knots"][1])
    number = _drawn(draws, "knots", count).floor() * (is_disc & (draws.unit(count) < GALAXY_ARMS_SHARE))
    knot = torch.arange(most, device=size.device)
    share = _drawn(draws, "knots_share", count, 1) / number[:, None].clamp(min=1) * (knot < number[:, None])
    first, last = (math.log(bound) for bound in GALAXY_PRIORS["arms"])
    along = draws.uniform(first, last, count, most)
    pitch = _drawn(draws, "pitch", count, 1) * draws.unit(count, 1).sub(0.5).sign()
    turn = draws.angle(count, 1) + along / pitch + math.pi * (knot % 2)
    scatter = _drawn(draws, "knot_scatter", count, 1)
    x, y = (along.exp() * part + scatter * draws.normal(count, most) for part in (turn.cos(), turn.sin()))
    stretch = ((1 + flat) / (1 - flat)).sqrt()[:, None]
    major, minor = size[:, None] * x * stretch, size[:, None] * y / stretch
    cos, sin = axis.cos()[:, None], axis.sin()[:, None]
    sizes = size[:, None] * _drawn(draws, "knot_R_sersic", count, most)
    return Knots(flux[:, None] * share, sizes, major * cos - minor * sin, major * sin + minor * cos)
