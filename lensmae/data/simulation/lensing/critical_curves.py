"""What a lens does to the plane behind it: critical curves and caustics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from skimage.measure import find_contours

from lensmae.data.simulation.lensing.render import deflectors
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.rows import camera_of

_GRID = 96
# Beyond it, det A is infinite for this purpose: the middle of a point mass.
_STEEP = 50.0


@dataclass(frozen=True)
class Curves:
    """Lines of infinite magnification.

    Attributes:
        critical: in the image, each (N, 2) of x and y in arcsec.
        caustics: the same lines traced back to the source plane.
    """

    critical: tuple[np.ndarray, ...]
    caustics: tuple[np.ndarray, ...]


def critical_curves(preset: Preset, row: Mapping[str, Any], grid: int = _GRID) -> Curves:
    """Critical curves inside the image: zeros of det A, A = 1 - d alpha / d theta, on a grid of `grid` points a side; and their
    caustics. Loops smaller than a step of the grid are missed."""
    camera, (model, arguments) = camera_of(preset, row), deflectors(preset, row)
    half = camera.num_pix * camera.pixel_scale / 2
    positions = np.linspace(-half, half, grid)
    x, y = np.meshgrid(positions, positions)
    xx, xy, yx, yy = model.hessian(x.ravel(), y.ravel(), arguments)
    determinant = ((1 - xx) * (1 - yy) - xy * yx).reshape(x.shape)
    determinant = np.clip(np.nan_to_num(determinant, nan=-_STEEP, posinf=_STEEP, neginf=-_STEEP), -_STEEP, _STEEP)
    step = positions[1] - positions[0]
    critical = tuple(contour[:, ::-1] * step - half for contour in find_contours(determinant, 0.0))
    caustics = tuple(np.stack(model.ray_shooting(line[:, 0], line[:, 1], arguments), axis=1) for line in critical)
    return Curves(critical, caustics)
