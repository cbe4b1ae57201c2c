"""Scenes from rows of `lenses.parquet`, so that one row gives the same lens by lenstronomy and on any device."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lensmae.data.simulation.batched.models import background_of, flux_of, gain_of
from lensmae.data.simulation.batched.profiles import sersic_unit_flux
from lensmae.data.simulation.batched.scene import Halos, Knots, Light, Macro, Points, Scene
from lensmae.data.simulation.cameras import Instrument
from lensmae.data.simulation.lensing.halos import concentration, halo_shape
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.priors import MODEL_I_AMPLITUDE, SOURCE_MAGNITUDE
from lensmae.data.simulation.rows import camera_of, centre_of, known, listed
from lensmae.data.statistics import FWHM_OF_SIGMA

Row = Mapping[str, Any]
_NONE = (0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)


def scene_of_rows(preset: Preset, rows: Sequence[Row]) -> Scene:
    """A scene (float64, CPU) of lenses of one preset, which is no corpus, from their rows."""
    cameras = [camera_of(preset, row) for row in rows]
    centres = [centre_of(row) for row in rows]
    scales = {"theta_E": preset.plane_factor, "e1": 1, "e2": 1, "gamma1": preset.plane_factor, "gamma2": preset.plane_factor}
    deflectors = [[float(row[name]) * scale for name, scale in scales.items()] for row in rows]
    magnitudes = [row["source_magnitude"] if known(row, "source_magnitude") else SOURCE_MAGNITUDE for row in rows]
    flux = [_flux(camera, magnitude) for camera, magnitude in zip(cameras, magnitudes, strict=True)]
    zero_points = _vector([camera.magnitude_zero_point for camera in cameras])[:, None]
    faint = _padded(rows, "neighbour_magnitude", math.inf)
    neighbours = _knots(flux_of(faint, zero_points), rows, "neighbour")
    has_foreground = neighbours is not None or any(known(row, "lens_magnitude") for row in rows)
    exposure = _vector([camera.exposure_time * camera.num_exposures for camera in cameras])
    return Scene(
        macro=Macro(*_vector(deflectors).T.contiguous(), *_vector(centres).T.contiguous()),
        source=_source(preset, rows, flux),
        knots=_knots(_vector(flux)[:, None] * _padded(rows, "clump_share"), rows, "clump"),
        foreground=_foreground(rows, cameras) if has_foreground else None,
        neighbours=neighbours,
        points=_points(preset, rows),
        halos=_halos(preset, rows),
        pixel_scale=_vector([camera.pixel_scale for camera in cameras]),
        psf_sigma=_vector([camera.seeing / FWHM_OF_SIGMA / camera.pixel_scale for camera in cameras]),
        truncation=_vector([camera.truncation for camera in cameras]),
        background=_vector([background_of(camera) for camera in cameras]),
        exposure=exposure,
        gain=gain_of(preset, exposure),
        side=cameras[0].num_pix,
        supersampling=cameras[0].supersampling,
    )


def _vector(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _source(preset: Preset, rows: Sequence[Row], flux: Sequence[float]) -> Light:
    """The body: what its knots leave of the light."""
    names = ("R_sersic", "n_sersic", "source_e1", "source_e2", "source_x", "source_y")
    size, index, *rest = (_vector([float(row[name]) for row in rows])[:, None] for name in names)
    if preset.noise == "counts":
        return Light(MODEL_I_AMPLITUDE * sersic_unit_flux(size, index), size, index, *rest)
    left = [1 - sum(share for (share,) in listed(row, ("clump_share",))) for row in rows]
    return Light((_vector(flux) * _vector(left))[:, None], size, index, *rest)


def _foreground(rows: Sequence[Row], cameras: Sequence[Instrument]) -> Light:
    """Light of the lens galaxies; none where a row has none."""
    profiles = [_NONE] * len(rows)
    for index, (row, camera) in enumerate(zip(rows, cameras, strict=True)):
        if known(row, "lens_magnitude"):
            shape = (float(row[f"lens_{name}"]) for name in ("R_sersic", "n_sersic", "e1", "e2"))
            profiles[index] = (_flux(camera, row["lens_magnitude"]), *shape, *centre_of(row))
    return Light(*_vector(profiles).T[..., None])


def _knots(fluxes: Tensor, rows: Sequence[Row], name: str) -> Knots | None:
    """Knots or neighbours from their fluxes (B, K)."""
    size, x, y = (_padded(rows, f"{name}_{column}") for column in ("R_sersic", "x", "y"))
    return Knots(fluxes, size, x, y) if fluxes.shape[1] else None


def _flux(camera: Instrument, magnitude: float) -> float:
    return float(flux_of(float(magnitude), camera.magnitude_zero_point))


def _points(preset: Preset, rows: Sequence[Row]) -> Points | None:
    """All but subhalos of other profiles."""
    kept = [{} if _truncated(preset, row) else row for row in rows]
    mass, x, y = (_padded(kept, name) for name in ("subhalo_mass", "subhalo_x", "subhalo_y"))
    return Points(preset.theta_e_solar**2 * preset.plane_factor * mass, x, y) if mass.shape[1] else None


def _truncated(preset: Preset, row: Row) -> bool:
    return preset.halo_profile == "TNFW" and row["class"] == "cdm"


def _halos(preset: Preset, rows: Sequence[Row]) -> Halos | None:
    kept = [row if _truncated(preset, row) else {} for row in rows]
    mass, x, y = (_padded(kept, name) for name in ("subhalo_mass", "subhalo_x", "subhalo_y"))
    if not mass.shape[1]:
        return None
    there = mass > 0
    mass = mass.where(there, 1e8)
    median = torch.from_numpy(concentration(mass.numpy()))
    given = _padded([row if row.get("subhalo_concentration") is not None else {} for row in kept], "subhalo_concentration")
    values = median if not given.shape[1] else torch.where(given > 0, given, median)
    size, strength, truncation = halo_shape(mass, values, values.log1p())
    return Halos(strength * there, size, truncation, x, y)


def _padded(rows: Sequence[Row], name: str, filled: float = 0.0) -> Tensor:
    """Lists of different lengths as (B, most), filled up behind; a row without the column has an empty one."""
    lists = [np.array(listed(row, (name,)), dtype=np.float64).ravel() for row in rows]
    table = torch.full((len(rows), max(map(len, lists))), filled, dtype=torch.float64)
    for index, values in enumerate(lists):
        table[index, : len(values)] = torch.from_numpy(values)
    return table
