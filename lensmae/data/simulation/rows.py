"""What a row of `lenses.parquet` says of its lens, and what holds where it says nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.presets import PRESETS, Preset

# Columns of a row that replace a value of its camera.
_CAMERA_COLUMNS = {"pixel_scale": "pixel_scale", "psf_fwhm": "seeing", "exposure_time": "exposure_time"}

# Presets of Models I-III and of the surveys with one pixel scale: any lens can be put under their cameras.
LAB_PRESETS = tuple(
    name for name, preset in PRESETS.items() if preset.macro in ("model", "survey") and preset.pixel_scale is not None
)
# Presets that differ from one of the lab in their priors alone.
_AS_IN_THE_LAB = {"model_ii_free": "model_ii"}


def known(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row says something about a scalar column."""
    value = row.get(name)
    return value is not None and value == value


def stratum_of(preset: str, row: Mapping[str, Any]) -> Preset:
    """The preset that a row's lens is of: its stratum in a corpus, else the data set's own."""
    return PRESETS[str(row["stratum"])] if PRESETS[preset].strata else PRESETS[preset]


def lab_preset(preset: str | None, row: Mapping[str, Any]) -> str | None:
    """The preset of the lab whose camera and physics a lens of a data set has, from its row; None where the lab has none."""
    if preset not in PRESETS:
        return None
    name = stratum_of(preset, row).name
    name = str(row["camera"]) if name == "survey" else _AS_IN_THE_LAB.get(name, name)
    return name if name in LAB_PRESETS else None


def pixel_scale_of(row: Mapping[str, Any], of_set: float | None) -> float | None:
    """Pixel scale of a lens in arcsec: its own where its row has one (a set of several cameras), else that of its set."""
    return float(row["pixel_scale"]) if known(row, "pixel_scale") else of_set


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


def centre_of(row: Mapping[str, Any]) -> tuple[float, float]:
    """Place of the lens in arcsec; the image's centre where the row has none."""
    return tuple(float(row[name]) if known(row, name) else 0.0 for name in ("lens_x", "lens_y"))


def listed(row: Mapping[str, Any], columns: Sequence[str]) -> list[tuple[float, ...]]:
    """One tuple a knot, neighbour or subhalo, from the row's lists; none where the row has no such columns."""
    lists = [row.get(column) for column in columns]
    return list(zip(*lists, strict=True)) if has_list(lists[0]) else []


def has_list(value: Any) -> bool:
    """Whether a row has a list: in a table of several presets one that a lens does not have is NaN or None."""
    return value is not None and not isinstance(value, float)
