"""The same lens through several telescopes: one field on the sky, one unit, each with its own pixels, PSF and noise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lensmae.data.simulation.batched.from_rows import scene_of_rows
from lensmae.data.simulation.batched.imaging import render
from lensmae.data.simulation.noise import noise_rms, stream
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.priors import SOURCE_MAGNITUDE
from lensmae.data.simulation.rows import camera_of, known

TELESCOPES = ("survey_hst", "survey_euclid", "survey_jwst")
FIELD = 6.4
# AB magnitude of 1 nJy (Oke & Gunn 1983: 3,631 Jy have magnitude 0).
_NANOJANSKY = 31.4
# What the camera that a lens was made for says of it.
_OF_CAMERA = ("camera", "pixel_scale", "psf_fwhm", "exposure_time", "noise_level", "stratum")


@dataclass(frozen=True)
class TelescopeView:
    """A lens as one telescope sees it.

    Attributes:
        preset: name of the telescope's preset.
        image: (N, N) float32 surface brightness with noise, nJy / arcsec^2.
        expected: the same without noise.
        pixel_scale: arcsec.
        seeing: FWHM of the PSF, arcsec.
        signal_to_noise: of the brightest pixel.
    """

    preset: str
    image: np.ndarray
    expected: np.ndarray
    pixel_scale: float
    seeing: float
    signal_to_noise: float


def row_elsewhere(preset: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The lens of a row, as a row of any preset of `TELESCOPES`: the same rings and magnitudes, without what its camera adds.

    Where the preset bends light by less than the lens would, Einstein radius and shear are those that are seen.
    """
    factor = PRESETS[preset].plane_factor
    kept = {name: value for name, value in row.items() if name not in _OF_CAMERA}
    kept |= {name: factor * float(row[name]) for name in ("theta_E", "gamma1", "gamma2")}
    return kept if known(row, "source_magnitude") else kept | {"source_magnitude": SOURCE_MAGNITUDE}


def through(telescope: str, row: Mapping[str, Any], field: float = FIELD) -> TelescopeView:
    """Look at a lens through a telescope.

    Args:
        telescope: a name of `TELESCOPES`.
        row: as `row_elsewhere` gives it; its seed is that of the noise.
        field: side of the image, arcsec.
    """
    preset = PRESETS[telescope]
    camera = camera_of(preset, row)
    scene = scene_of_rows(preset, [row])
    side = round(field / camera.pixel_scale)
    clean = render(replace(scene, gain=torch.ones_like(scene.gain), side=side), torch.float64)[0].numpy()
    rms = noise_rms(preset, row, clean)
    noisy = clean + rms * stream(row).standard_normal(clean.shape)
    unit = 10 ** (-0.4 * (camera.magnitude_zero_point - _NANOJANSKY)) / camera.pixel_scale**2
    image, expected = ((unit * counts).astype(np.float32) for counts in (noisy, clean))
    return TelescopeView(telescope, image, expected, camera.pixel_scale, camera.seeing, float((clean / rms).max()))
