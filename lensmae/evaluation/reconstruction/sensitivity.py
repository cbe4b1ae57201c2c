"""Could a subhalo have been seen here? Its signal-to-noise at every place of a simulated lens, and whether a network would
notice it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lensmae.data.simulation.batched.from_rows import scene_of_rows
from lensmae.data.simulation.batched.imaging import render
from lensmae.data.simulation.lens_lab import Subhalo, matter_columns
from lensmae.data.simulation.lenses import finished
from lensmae.data.simulation.noise import noise_rms
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.rows import camera_of, known, stratum_of
from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.anomaly import anomaly_scores
from lensmae.models import Reconstructor
from lensmae.progress import Progress

# Steps of the derivatives: arcsec, or no unit; small beside the parameter, large beside the rounding of float64.
_STEPS = {
    "theta_E": 1e-4, "e1": 1e-4, "e2": 1e-4, "gamma1": 1e-4, "gamma2": 1e-4, "source_x": 1e-4, "source_y": 1e-4,
    "R_sersic": 1e-4, "n_sersic": 1e-3, "source_e1": 1e-4, "source_e2": 1e-4,
}  # fmt: skip
MOST_PLACES = 64


@dataclass(frozen=True)
class Sensitivity:
    """A subhalo of one mass at each of G x G places of a lens that is smooth otherwise.

    Attributes:
        mass: Msun.
        known_lens: (G, G) signal-to-noise of its effect on the image where all else is known, row 0 the lowest.
        fitted_lens: (G, G) the same where lens, source and their brightness are fitted at the same time: what they can imitate
            is no signal. Linear in the parameters, which holds for small changes.
    """

    mass: float
    known_lens: np.ndarray
    fitted_lens: np.ndarray


def places(count: int, side: int, pixel_scale: float) -> np.ndarray:
    """Middles (G,) in arcsec of G equal parts of an image's side, 0 the middle of the image.

    Args:
        count: G, 1 to `MOST_PLACES`.
        side: pixels.
        pixel_scale: arcsec.
    """
    if not 1 <= count <= MOST_PLACES:
        raise ConfigError(f"{count} places a side were asked for; there can be 1 to {MOST_PLACES}.")
    return ((np.arange(count) + 0.5) / count - 0.5) * side * pixel_scale


def sensitivity(preset: str, row: Mapping[str, Any], mass: float, count: int = 32, depth: float = 1.0) -> Sensitivity:
    """Signal-to-noise of a subhalo (a point mass, or the preset's profile) anywhere in a lens, with the noise of its camera.

    The matched filter's: root of the sum over pixels of (change / noise)^2, as in Vegetti & Koopmans (2009) and later
    sensitivity maps, with a linear fit of the smooth model in place of their full one.

    Args:
        preset: of the lens's data set.
        row: of `lenses.parquet`; its own substructure is taken out first.
        mass: Msun.
        count: places a side, 1 to `MOST_PLACES`.
        depth: exposure in units of the camera's own; noise falls with its root.

    Raises:
        ConfigError: where mass or depth are not positive, or there are too many places.
    """
    if not (mass > 0 and depth > 0):
        raise ConfigError(f"A mass of {mass:g} solar masses in {depth:g} of the exposure has no signal; both must be above 0.")
    kind, smooth = stratum_of(preset, row), smooth_row(row)
    clean = _counts(kind, [smooth])
    noise = noise_rms(kind, smooth, clean[0]) / np.sqrt(depth)
    changes = (_counts(kind, _with_subhalo(kind, smooth, mass, count)) - clean) / noise
    flat = changes.reshape(len(changes), -1)
    imitated = _imitated(kind, smooth, clean[0], noise)
    rest = flat - (flat @ imitated) @ imitated.T
    grid = (count, count)
    return Sensitivity(mass, np.linalg.norm(flat, axis=1).reshape(grid), np.linalg.norm(rest, axis=1).reshape(grid))


def noticed(
    model: Reconstructor,
    preset: str,
    row: Mapping[str, Any],
    mass: float,
    *,
    count: int = 8,
    masks: int = 8,
    progress: Progress | None = None,
) -> np.ndarray:
    """Anomaly score (G, G), row 0 the lowest, of the lens with one subhalo of this mass at each place, under the same masks and
    with the same noise: where it is above nearly all scores of lenses without substructure, the network would have noticed.

    Args:
        model: the network.
        preset: of the lens's data set.
        row: of `lenses.parquet`; its own substructure is taken out first.
        mass: Msun.
        count: places a side, 1 to `MOST_PLACES`.
        masks: of each image, 1 or more.
        progress: called with (reconstructions done, reconstructions in all).
    """
    kind, smooth = stratum_of(preset, row), smooth_row(row)
    rows = _with_subhalo(kind, smooth, mass, count)
    images = [finished(preset, one, clean).image for one, clean in zip(rows, _counts(kind, rows), strict=True)]
    return anomaly_scores(model, np.stack(images), masks, progress=progress).mean.reshape(count, count)


def smooth_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the same lens without substructure."""
    return {**row, "class": "no_sub", **matter_columns(())}


def _with_subhalo(preset: Preset, smooth: Mapping[str, Any], mass: float, count: int) -> list[dict[str, Any]]:
    camera = camera_of(preset, smooth)
    along = places(count, camera.num_pix, camera.pixel_scale)
    halos = [Subhalo(mass, float(x), float(y)) for y in along for x in along]
    return [{**smooth, "class": "cdm", **matter_columns((halo,))} for halo in halos]


def _counts(preset: Preset, rows: list[dict[str, Any]]) -> np.ndarray:
    """Noise-free counts a second (B, H, W) float64."""
    scene = scene_of_rows(preset, rows)
    return render(replace(scene, gain=torch.ones_like(scene.gain)), torch.float64).numpy()


def _imitated(preset: Preset, smooth: dict[str, Any], clean: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """An orthonormal basis (pixels, P) of the changes of the image, over its noise, that lens and source can make."""
    steps = {name: step for name, step in _STEPS.items() if known(smooth, name)}
    moved = [{**smooth, name: float(smooth[name]) + sign * step} for name, step in steps.items() for sign in (1, -1)]
    ahead, behind = _counts(preset, moved).reshape(len(steps), 2, -1).swapaxes(0, 1)
    # The brightness of all, beside the shapes.
    derivatives = np.vstack([ahead - behind, clean.ravel()[None]]) / noise.ravel()
    derivatives /= np.linalg.norm(derivatives, axis=1, keepdims=True)
    return np.linalg.qr(derivatives.T)[0]
