"""Images of a batch of lenses: rays on a grid, their deflection, the light they meet, the PSF."""

import torch
from torch import Tensor

from lensmae.data.simulation.batched.profiles import (
    isothermal_deflection,
    over_grid,
    point_mass_deflection,
    sersic,
    sersic_unit_flux,
)
from lensmae.data.simulation.batched.scene import Light, Macro, Points, Scene

# Numbers in the largest intermediate array: what fits a core's cache, or keeps a GPU busy at a few hundred megabytes.
_ELEMENTS = {"cpu": 2**17, "cuda": 2**26}
# Rays times masses: that array is passed over a few times only, and is worth a longer product.
_MASS_ELEMENTS = {"cpu": 2**19, "cuda": 2**28}


@torch.no_grad()
def render(scene: Scene, dtype: torch.dtype = torch.float32) -> Tensor:
    """Noise-free images (B, H, W) in the scene's unit, on its device.

    Args:
        scene: parameters, best in float64 (positions close to a point mass count), whatever `dtype` is.
        dtype: of the rays and the image.
    """
    rays = (scene.side * scene.supersampling) ** 2
    step = max(1, _ELEMENTS.get(scene.pixel_scale.device.type, 2**24) // rays)
    parts = [_render(scene[start : start + step], dtype) for start in range(0, len(scene), step)]
    if not parts:
        return torch.empty(0, scene.side, scene.side, dtype=dtype, device=scene.pixel_scale.device)
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _render(scene: Scene, dtype: torch.dtype) -> Tensor:
    grid = _Grid(scene, dtype)
    x, y = grid.from_places(scene.macro.x, scene.macro.y)
    bent_x, bent_y = _macro_deflection(scene.macro, x, y)
    if scene.points is not None:
        points_x, points_y = _point_deflection(scene.points, grid)
        bent_x, bent_y = bent_x + points_x, bent_y + points_y
    # Places in the source plane are counted from the lens's centre here: the numbers stay small, and float32 exact.
    source_x, source_y = x - bent_x, y - bent_y
    light = _shine(scene.source, source_x, source_y, scene.macro.x, scene.macro.y)
    if scene.foreground is not None:
        light = light + _shine(scene.foreground, x, y, scene.macro.x, scene.macro.y)
    area = over_grid(scene.pixel_scale.square() * scene.gain, light)
    return _blur(_binned(light, scene.supersampling), scene) * area


class _Grid:
    """Rays of a batch. Differences to a place are taken in units of ray spacing, whole part and rest apart, so that float32 loses
    nothing close to it."""

    def __init__(self, scene: Scene, dtype: torch.dtype) -> None:
        self.count, self.dtype = scene.side * scene.supersampling, dtype
        self.spacing = scene.pixel_scale / scene.supersampling
        self.index = torch.arange(self.count, device=self.spacing.device, dtype=dtype)

    def from_masses(self, places: Tensor) -> Tensor:
        """(B, N) arcsec -> (B, N, count): rays minus places along one axis, in ray spacings."""
        at = places / self.spacing[:, None] + (self.count - 1) / 2
        whole = at.round()
        return (self.index - whole[..., None].to(self.dtype)) - (at - whole)[..., None].to(self.dtype)

    def from_places(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Rays minus (x, y), each (B,), in arcsec: (B, 1, count) and (B, count, 1)."""
        size = over_grid(self.spacing, self.index)
        return self.from_masses(x[:, None]) * size, self.from_masses(y[:, None]).transpose(1, 2) * size


def _macro_deflection(macro: Macro, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    bent_x, bent_y = isothermal_deflection(x, y, macro.theta_E, macro.e1, macro.e2)
    gamma1, gamma2 = over_grid(macro.gamma1, x), over_grid(macro.gamma2, x)
    return bent_x + (gamma1 * x + gamma2 * y), bent_y + (gamma2 * x - gamma1 * y)


def _point_deflection(points: Points, grid: _Grid) -> tuple[Tensor, Tensor]:
    """(B, count, count) arcsec in x and in y."""
    lenses, masses = points.x.shape
    strength = points.theta_E_squared / grid.spacing[:, None]
    dx, dy = grid.from_masses(points.x), grid.from_masses(points.y)
    step = max(1, _MASS_ELEMENTS.get(dx.device.type, 2**26) // max(1, masses * grid.count**2))
    parts = []
    for start in range(0, lenses, step):
        some = slice(start, start + step)
        parts.append(point_mass_deflection(dx[some], dy[some], strength[some].to(grid.dtype)))
    if len(parts) == 1:
        return parts[0]
    return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])


def _shine(light: Light, x: Tensor, y: Tensor, from_x: Tensor, from_y: Tensor) -> Tensor:
    """Surface brightness (B, H, W) of all profiles at rays (x, y) that are counted from (from_x, from_y)."""
    total: Tensor | None = None
    for place in range(light.flux.shape[1]):
        one = light.each(lambda values, place=place: values[:, place])
        amplitude = one.flux / sersic_unit_flux(one.R_sersic, one.n_sersic)
        dx, dy = x - over_grid(one.x - from_x, x), y - over_grid(one.y - from_y, y)
        part = sersic(dx, dy, amplitude, one.R_sersic, one.n_sersic, one.e1, one.e2)
        total = part if total is None else total + part
    if total is None:
        raise ValueError("The scene has no light.")
    return total


def _binned(light: Tensor, factor: int) -> Tensor:
    """Means over the rays of each pixel."""
    if factor == 1:
        return light
    lenses, height, width = light.shape
    return light.reshape(lenses, height // factor, factor, width // factor, factor).mean((2, 4))


def _blur(images: Tensor, scene: Scene) -> Tensor:
    """Convolution with the Gaussian PSF as SciPy's `gaussian_filter(mode="nearest")` has it, which lenstronomy uses.

    Each axis is one product with a matrix (side, side) a lens; at these sizes it is cheaper than a gather.
    """
    sigma, truncation = scene.psf_sigma, scene.truncation
    if sigma.stride(0) == 0 and truncation.stride(0) == 0:  # one camera for all
        sigma, truncation = sigma[:1], truncation[:1]
    matrix = gaussian_matrix(sigma, truncation, scene.side, images.dtype)
    return matrix @ images @ matrix.transpose(1, 2)


def gaussian_matrix(sigma: Tensor, truncation: Tensor, side: int, dtype: torch.dtype) -> Tensor:
    """(B, side, side) matrices that convolve an axis with a Gaussian of `sigma` (B,) pixels, cut off at `truncation` (B,) sigma;
    pixels beyond the edge repeat the edge."""
    place = torch.arange(side, device=sigma.device, dtype=dtype)
    reach = torch.floor(truncation * sigma + 0.5).to(dtype)[:, None, None]
    width = sigma.clamp(min=1e-6).to(dtype)[:, None, None]

    def weight(distance: Tensor) -> Tensor:
        return torch.exp(-0.5 * (distance / width).square()) * (distance.abs() <= reach)

    inner = weight(place[None, :] - place[:, None])
    outside = weight(place[:, None] + place + 1).sum(2)
    inner[:, :, 0] += outside
    inner[:, :, -1] += outside.flip(1)
    return inner / inner.sum(2, keepdim=True)
