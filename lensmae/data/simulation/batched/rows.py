"""Scenes from rows of `lenses.parquet`, so that one row gives the same lens by lenstronomy and on any device."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lensmae.data.simulation.batched.models import FWHM_OF_SIGMA, flux_of
from lensmae.data.simulation.batched.profiles import sersic_unit_flux
from lensmae.data.simulation.batched.scene import Light, Macro, Points, Scene
from lensmae.data.simulation.presets import MODEL_I_AMPLITUDE, SOURCE_MAGNITUDE, Preset
from lensmae.data.simulation.render import camera_of, known

Row = Mapping[str, Any]


def scene_of_rows(preset: Preset, rows: Sequence[Row]) -> Scene:
    """A scene (float64, CPU) of lenses of one preset from their rows."""
    cameras = [camera_of(preset, row) for row in rows]
    factor, scale = preset.plane_factor, [camera.pixel_scale for camera in cameras]
    macro = Macro(
        _column(rows, "theta_E") * factor,
        _column(rows, "e1"),
        _column(rows, "e2"),
        _column(rows, "gamma1") * factor,
        _column(rows, "gamma2") * factor,
        _column(rows, "lens_x", 0.0),
        _column(rows, "lens_y", 0.0),
    )
    gain = [2.0 if preset.noise == "doubled" else 1.0] * len(rows)
    if preset.noise == "counts":
        gain = [camera.exposure_time for camera in cameras]
    return Scene(
        macro=macro,
        source=_source(preset, rows, cameras),
        points=_points(preset, rows),
        pixel_scale=_vector(scale),
        psf_sigma=_vector([camera.seeing / FWHM_OF_SIGMA / camera.pixel_scale for camera in cameras]),
        truncation=_vector([camera.truncation for camera in cameras]),
        gain=_vector(gain),
        side=cameras[0].num_pix,
        supersampling=cameras[0].supersampling,
    )


def _vector(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _column(rows: Sequence[Row], name: str, default: float | None = None) -> Tensor:
    return _vector([float(default if default is not None and not known(row, name) else row[name]) for row in rows])


def _source(preset: Preset, rows: Sequence[Row], cameras: Sequence[Any]) -> Light:
    names = ("R_sersic", "n_sersic", "source_e1", "source_e2", "source_x", "source_y")
    size, index, e1, e2, x, y = (_column(rows, name)[:, None] for name in names)
    if preset.noise == "counts":
        flux = MODEL_I_AMPLITUDE * sersic_unit_flux(size, index)
    else:
        magnitude = _column(rows, "source_magnitude", SOURCE_MAGNITUDE)
        flux = _vector([float(flux_of(float(m), camera)) for m, camera in zip(magnitude, cameras, strict=True)])[:, None]
    return Light(flux, size, index, e1, e2, x, y)


def _points(preset: Preset, rows: Sequence[Row]) -> Points | None:
    most = max(len(row["subhalo_mass"]) for row in rows)
    if most == 0:
        return None
    mass, x, y = (_padded(rows, name, most) for name in ("subhalo_mass", "subhalo_x", "subhalo_y"))
    return Points(preset.theta_e_solar**2 * preset.plane_factor * mass, x, y)


def _padded(rows: Sequence[Row], name: str, most: int) -> Tensor:
    """Lists of different lengths as (B, most), zeros behind."""
    table = torch.zeros(len(rows), most, dtype=torch.float64)
    for place, row in enumerate(rows):
        values = list(row[name])
        table[place, : len(values)] = _vector(values)
    return table
