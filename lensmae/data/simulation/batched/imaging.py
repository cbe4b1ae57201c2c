"""Images of a batch of lenses: rays on a grid, their deflection, the light they meet, the PSF."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lensmae.data.simulation.batched.profiles import (
    isothermal_deflection,
    over_grid,
    point_mass_deflection,
    round_exponential,
    sersic,
    sersic_unit_flux,
    tabulated_nfw_pull,
    truncated_nfw_pull,
)
from lensmae.data.simulation.batched.scene import Halos, Knots, Light, Macro, Points, Scene

# Numbers in the largest intermediate array: what fits a core's cache, or keeps a GPU busy at a few hundred megabytes.
_ELEMENTS = {"cpu": 2**17, "cuda": 2**26}
# Rays times masses: that array is passed over a few times only, and is worth a longer product.
_MASS_ELEMENTS = {"cpu": 2**19, "cuda": 2**28}
_HALO_ELEMENTS = {"cpu": 2**16, "cuda": 2**26}


@torch.no_grad()
def render(scene: Scene, dtype: torch.dtype = torch.float32) -> Tensor:
    """Noise-free images (B, H, W) in the scene's unit, on its device.

    Args:
        scene: parameters, best in float64 (positions close to a point mass count), whatever `dtype` is.
        dtype: of the rays and the image.
    """
    rays = (scene.side * scene.supersampling) ** 2
    step = max(1, _elements(_ELEMENTS, scene.pixel_scale) // rays)
    parts = [_render(scene[start : start + step], dtype) for start in range(0, len(scene), step)]
    if not parts:
        return torch.empty(0, scene.side, scene.side, dtype=dtype, device=scene.pixel_scale.device)
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _render(scene: Scene, dtype: torch.dtype) -> Tensor:
    grid = _Grid(scene, dtype)
    x, y = grid.from_positions(scene.macro.x, scene.macro.y)
    bent_x, bent_y = _macro_deflection(scene.macro, x, y)
    if scene.points is not None:
        points_x, points_y = _point_deflection(scene.points, grid)
        bent_x, bent_y = bent_x + points_x, bent_y + points_y
    if scene.halos is not None:
        halos_x, halos_y = _halo_deflection(scene.halos, grid)
        bent_x, bent_y = bent_x + halos_x, bent_y + halos_y
    # Places in the source plane are counted from the lens's centre here: the numbers stay small, and float32 exact.
    source_x, source_y = x - bent_x, y - bent_y
    centre = scene.macro.x, scene.macro.y
    light = _shine(scene.source, scene.knots, source_x, source_y, grid, centre)
    if scene.foreground is not None:
        light = light + _shine(scene.foreground, scene.neighbours, x, y, grid, centre)
    area = over_grid(scene.pixel_scale.square() * scene.gain, light)
    return _blur(_binned(light, scene.supersampling), scene) * area


def _elements(budget: dict[str, int], on: Tensor) -> int:
    return budget.get(on.device.type, 2**24)


class _Grid:
    """Rays of a batch. Differences to positions are in units of ray spacing, whole part and rest apart, so that float32 loses
    nothing close to it."""

    def __init__(self, scene: Scene, dtype: torch.dtype) -> None:
        self.count, self.dtype = scene.side * scene.supersampling, dtype
        self.spacing = scene.pixel_scale / scene.supersampling
        self.index = torch.arange(self.count, device=self.spacing.device, dtype=dtype)

    def from_masses(self, positions: Tensor) -> Tensor:
        """(B, N) arcsec -> (B, N, count): rays minus positions along one axis, in ray spacings."""
        at = positions / self.spacing[:, None] + (self.count - 1) / 2
        whole = at.round()
        return (self.index - whole[..., None].to(self.dtype)) - (at - whole)[..., None].to(self.dtype)

    def from_positions(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
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
    strength = (points.theta_E_squared / grid.spacing[:, None]).to(grid.dtype)
    dx, dy = grid.from_masses(points.x), grid.from_masses(points.y)
    total = dx.new_empty(2, lenses, grid.count, grid.count)
    # Blocks of whole lenses where they are small, of rows of one lens where they are not.
    lines = max(1, _elements(_MASS_ELEMENTS, dx) // (masses * grid.count))
    step = max(1, lines // grid.count)
    for start in range(0, lenses, step):
        some = slice(start, start + step)
        for first in range(0, grid.count, lines):
            rows = slice(first, first + lines)
            total[0, some, rows], total[1, some, rows] = point_mass_deflection(dx[some], dy[some, :, rows], strength[some])
    return total[0], total[1]


def _halo_deflection(halos: Halos, grid: _Grid) -> tuple[Tensor, Tensor]:
    """(B, count, count) arcsec in x and in y. Halos of all lenses are taken block by block, and added where they belong."""
    size = grid.spacing[:, None, None]
    dx, dy = (grid.from_masses(positions) * size.to(grid.dtype) for positions in (halos.x, halos.y))
    total_x = dx.new_zeros(len(dx), grid.count, grid.count)
    total_y = torch.zeros_like(total_x)
    for lens, halo in _blocks(halos.strength, grid):
        across, along = dx[lens, halo][:, None, :], dy[lens, halo][:, :, None]
        strength, inverse, truncation = (
            values[lens, halo].to(grid.dtype) for values in (halos.strength, 1 / halos.Rs.square(), halos.truncation)
        )
        scaled = inverse[:, None, None]
        squared = (across.square() * scaled + along.square() * scaled).flatten(1)
        pull_of = tabulated_nfw_pull if grid.dtype == torch.float32 else truncated_nfw_pull
        pull = pull_of(squared, truncation[:, None]).mul_(strength[:, None]).view(-1, grid.count, grid.count)
        total_x.index_add_(0, lens, pull * across)
        total_y.index_add_(0, lens, pull.mul_(along))
    return total_x, total_y


def _blocks(amounts: Tensor, grid: _Grid) -> Iterator[tuple[Tensor, Tensor]]:
    """Places (lens, member) where `amounts` (B, N) is not 0, so many at a time as fit the cache or keep the GPU busy."""
    lens, member = amounts.nonzero(as_tuple=True)
    step = max(1, _elements(_HALO_ELEMENTS, amounts) // grid.count**2)
    return zip(lens.split(step), member.split(step), strict=True)


def _shine(light: Light, knots: Knots | None, x: Tensor, y: Tensor, grid: _Grid, centre: tuple[Tensor, Tensor]) -> Tensor:
    """Surface brightness (B, H, W) of all profiles at rays (x, y) that are counted from `centre`, each (B,)."""
    total: Tensor | None = None
    for index in range(light.flux.shape[1]):
        one = light.each(lambda values, index=index: values[:, index])
        amplitude = one.flux / sersic_unit_flux(one.R_sersic, one.n_sersic)
        dx, dy = x - over_grid(one.x - centre[0], x), y - over_grid(one.y - centre[1], y)
        part = sersic(dx, dy, amplitude, one.R_sersic, one.n_sersic, one.e1, one.e2)
        total = part if total is None else total.add_(part)
    if total is None:
        raise ValueError("A scene needs a Sersic profile in each of its planes; one of no flux will do.")
    if knots is not None:
        amplitude = knots.flux / sersic_unit_flux(knots.R_sersic, torch.ones_like(knots.flux))
        across, along = knots.x - centre[0][:, None], knots.y - centre[1][:, None]
        for lens, knot in _blocks(knots.flux, grid):
            dx, dy = x[lens] - over_grid(across[lens, knot], x), y[lens] - over_grid(along[lens, knot], y)
            total.index_add_(0, lens, round_exponential(dx, dy, amplitude[lens, knot], knots.R_sersic[lens, knot]))
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
    pixels beyond the edge repeat the edge.

    Args:
        sigma: (B,) pixels.
        truncation: (B,) sigma at which it is cut off.
        side: pixels of the axis.
        dtype: of the result.
    """
    position = torch.arange(side, device=sigma.device, dtype=dtype)
    reach = torch.floor(truncation * sigma + 0.5).to(dtype)[:, None, None]
    width = sigma.clamp(min=1e-6).to(dtype)[:, None, None]

    def weight(distance: Tensor) -> Tensor:
        return torch.exp(-0.5 * (distance / width).square()) * (distance.abs() <= reach)

    inner = weight(position[None, :] - position[:, None])
    outside = weight(position[:, None] + position + 1).sum(2)
    inner[:, :, 0] += outside
    inner[:, :, -1] += outside.flip(1)
    return inner / inner.sum(2, keepdim=True)
