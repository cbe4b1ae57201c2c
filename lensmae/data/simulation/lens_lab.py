"""A lens made by hand: from sliders to a row of parameters, and everything that can be seen of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.simulation.lensing.critical_curves import Curves, critical_curves
from lensmae.data.simulation.lensing.halos import concentration
from lensmae.data.simulation.lensing.render import noise_free, source_light
from lensmae.data.simulation.noise import expected_image, observed
from lensmae.data.simulation.presets import PRESETS, Preset
from lensmae.data.simulation.rows import LAB_PRESETS, camera_of, has_list
from lensmae.data.simulation.sampling import subhalos, vortex
from lensmae.errors import DatasetError

_LENS_LIGHT = ("lens_magnitude", "lens_R_sersic", "lens_n_sersic", "lens_e1", "lens_e2")
_LISTS = ("clump", "neighbour", "subhalo")


@dataclass(frozen=True)
class Subhalo:
    """A dark subhalo: mass in Msun, position in arcsec; c200 where a data set said it, else the median of its mass."""

    mass: float
    x: float
    y: float
    concentration: float | None = None


@dataclass(frozen=True)
class Vortex:
    """An axion vortex: axion mass in eV, angle of its line in radians from the x axis, its middle in arcsec."""

    axion_mass: float
    angle: float
    x: float = 0.0
    y: float = 0.0


Substructure = Sequence[Subhalo] | Vortex


@dataclass(frozen=True)
class Observation:
    """A lens as its camera sees it, in the preset's unit; all (H, W) float32.

    Attributes:
        image: with noise.
        expected: without noise.
        smooth: without noise and without substructure.
        source: the source without the lens, on the same field and scale.
        curves: critical curves and caustics, arcsec.
        pixel_scale: arcsec.
    """

    image: np.ndarray
    expected: np.ndarray
    smooth: np.ndarray
    source: np.ndarray
    curves: Curves
    pixel_scale: float


def lab_row(
    preset: str, scalars: Mapping[str, float], matter: Substructure, seed: int, base: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The row of parameters of a lens made by hand.

    Args:
        preset: name of a preset.
        scalars: macro parameters, lights and camera columns by their names in `lenses.parquet`.
        matter: substructure; none where empty.
        seed: of the noise.
        base: row of the data set's lens that it began as: its source's knots and its neighbours are kept.
    """
    if preset not in LAB_PRESETS:
        raise DatasetError(f"The lab has no preset {preset!r}; it has {', '.join(LAB_PRESETS)}.")
    physical = PRESETS[preset].halo_profile == "TNFW"
    row: dict[str, Any] = {"class": class_of(matter), "seed": seed}
    row |= {name: float(value) for name, value in scalars.items() if physical or not _survey_only(name)}
    if physical:
        row |= {name: list(value) for name, value in (base or {}).items() if name.startswith(_LISTS[:2]) and has_list(value)}
    return row | matter_columns(matter)


def class_of(matter: Substructure) -> str:
    """Name of the class of a lens with such substructure."""
    return "axion" if isinstance(matter, Vortex) else "cdm" if len(matter) else "no_sub"


def _survey_only(name: str) -> bool:
    return name in _LENS_LIGHT or name == "source_magnitude"


def matter_columns(matter: Substructure) -> dict[str, Any]:
    """Columns of `lenses.parquet` that say such substructure."""
    if isinstance(matter, Vortex):
        return vortex(matter.axion_mass, matter.angle, matter.x, matter.y) | {"subhalo_concentration": []}
    mass = np.array([halo.mass for halo in matter], dtype=float)
    columns = subhalos(mass, np.array([halo.x for halo in matter]), np.array([halo.y for halo in matter]))
    median = concentration(mass)
    given = [halo.concentration or float(middle) for halo, middle in zip(matter, median, strict=True)]
    return columns | {"subhalo_concentration": given}


def matter_of(row: Mapping[str, Any]) -> Substructure:
    """Dark substructure of a row of a data set."""
    mass, x, y = (np.asarray(row[f"subhalo_{name}"], dtype=float) for name in ("mass", "x", "y"))
    if row["class"] == "axion":
        return Vortex(float(row["axion_mass_ev"]), float(row["axion_angle"]), float(x.mean()), float(y.mean()))
    known = row.get("subhalo_concentration")
    given = [float(value) for value in known] if has_list(known) else [None] * len(mass)
    values = zip(mass.tolist(), x.tolist(), y.tolist(), given, strict=True)
    return tuple(Subhalo(*halo) for halo in values)


def observe(row: Mapping[str, Any], preset: str) -> Observation:
    """Look at a lens, and at the same lens without substructure."""
    kind = PRESETS[preset]
    clean = noise_free(kind, row)
    bare = dict(row) | {"class": "no_sub", **matter_columns(())}
    smooth = noise_free(kind, bare) if row["class"] != "no_sub" else clean
    return Observation(
        image=observed(kind, row, clean).astype(np.float32),
        expected=expected_image(kind, row, clean).astype(np.float32),
        smooth=expected_image(kind, row, smooth).astype(np.float32),
        source=_source_image(kind, row).astype(np.float32),
        curves=critical_curves(kind, row),
        pixel_scale=camera_of(kind, row).pixel_scale,
    )


def _source_image(preset: Preset, row: Mapping[str, Any]) -> np.ndarray:
    """The source as it would be seen without lens, PSF and noise."""
    camera = camera_of(preset, row)
    light, arguments = source_light(preset, row, camera)
    positions = (np.arange(camera.num_pix) - (camera.num_pix - 1) / 2) * camera.pixel_scale
    x, y = np.meshgrid(positions, positions)
    brightness = light.surface_brightness(x.ravel(), y.ravel(), arguments).reshape(x.shape)
    return expected_image(preset, row, brightness * camera.pixel_scale**2)
