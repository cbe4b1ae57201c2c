"""What a row of `lenses.parquet` says of its lens, and what holds where it says nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.presets import Preset

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


def centre_of(row: Mapping[str, Any]) -> tuple[float, float]:
    """Place of the lens in arcsec; the image's centre where the row has none."""
    return tuple(float(row[name]) if known(row, name) else 0.0 for name in ("lens_x", "lens_y"))


def listed(row: Mapping[str, Any], columns: Sequence[str]) -> list[tuple[float, ...]]:
    """One tuple a knot, neighbour or subhalo, from the row's lists; none where the row has no such columns."""
    lists = [row.get(column) for column in columns]
    # In a table of several presets a list that a lens does not have is NaN or None.
    return [] if lists[0] is None or isinstance(lists[0], float) else list(zip(*lists, strict=True))
