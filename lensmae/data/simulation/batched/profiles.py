"""Deflections and surface brightness of a batch on a grid of rays, in lenstronomy's conventions.

Grids are (B, H, W); parameters (B,) are laid along the first axis. All functions are pure, and run on any device and in any
floating dtype. Formulas: isothermal ellipsoid Keeton & Kochanek 1998 (ApJ 495, 157) eqs. 33-34, core 1e-10 arcsec as in
lenstronomy's SIE; Sersic with lenstronomy's b_n = 1.9992 n - 0.3271.
"""

import math

import torch
from torch import Tensor

_CORE = 1e-10
_ROUND = 2e-4  # sqrt(1 - q^2) of the roundest mass: lenstronomy takes q = 0.99999999 (1.4e-4) where q is 1
_FLATTEST = 0.9999
_SMOOTHING = 1e-4
_LARGEST_RADIUS = 1000.0
_NEAREST = 1e-30
_NFW_NODES = 512
_NFW_CORE = 1e-3  # in scale radii; inside, lenstronomy's TNFW has constant density


def _nfw_series(terms: int) -> tuple[tuple[float, float], ...]:
    """Coefficients of y^k in A S / y and (S - 1) / y, where S = (1 - y)^(-1/2), arccosh(1/x) = ln(2/x) - A(y), y = x^2."""
    binomial = [math.comb(2 * k, k) / 4**k for k in range(terms + 1)]
    below = [0.0, *(binomial[k] / (2 * k) for k in range(1, terms + 1))]
    product = [sum(below[i] * binomial[k - i] for i in range(k + 1)) for k in range(terms + 1)]
    return tuple(zip(product[1:], binomial[1:], strict=True))


_NFW_SERIES = _nfw_series(7)


def over_grid(values: Tensor, like: Tensor) -> Tensor:
    """(B,) as (B, 1, 1), in the grid's dtype."""
    return values.to(like.dtype)[:, None, None]


def isothermal_deflection(x: Tensor, y: Tensor, theta_E: Tensor, e1: Tensor, e2: Tensor) -> tuple[Tensor, Tensor]:
    """Deflection in arcsec by singular isothermal ellipsoids.

    Args:
        x, y: rays from the lens's centre in arcsec, (B, 1, W) and (B, H, 1), or both (B, H, W).
        theta_E: (B,) Einstein radius, product average.
        e1, e2: (B,) ellipticity components.
    """
    angle, ellipticity = torch.atan2(e2, e1) / 2, torch.hypot(e1, e2).clamp(max=_FLATTEST)
    q = (1 - ellipticity) / (1 + ellipticity)
    # sqrt(1 - q^2) without the cancellation of a round lens.
    flat = (2 * ellipticity.sqrt() / (1 + ellipticity)).clamp(min=_ROUND)
    cos, sin, ratio, root = (over_grid(value, x) for value in (angle.cos(), angle.sin(), q, flat))
    strength = over_grid(theta_E * q.sqrt() / flat, x)
    core = over_grid(_CORE / q.sqrt(), x)
    along, across = cos * x + sin * y, cos * y - sin * x
    psi = ((ratio * along).square() + across.square() + (ratio * core).square()).sqrt()
    along = torch.atan(root * along / (psi + core)) * strength
    across = torch.atanh(root * across / (psi + ratio.square() * core)) * strength
    return cos * along - sin * across, sin * along + cos * across


def point_mass_deflection(dx: Tensor, dy: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
    """Deflection (B, H, W) by N point masses, in the unit of dx times that of `strength`.

    Args:
        dx: (B, N, W) columns of rays minus the masses' x.
        dy: (B, N, H) rows of rays minus the masses' y.
        strength: (B, N) squared Einstein radii in units of dx squared.
    """
    across, along = dx[:, None], dy.transpose(1, 2)[..., None]
    pull = strength[:, None, :, None] / (across.square() + (along.square() + _NEAREST))
    down = torch.matmul(along.transpose(2, 3), pull).squeeze(2)
    return (pull * across).sum(2), down


def truncated_nfw_pull(squared: Tensor, truncation: Tensor) -> Tensor:
    """Deflection by a truncated NFW halo (Baltz, Marshall & Oguri 2009, JCAP 01 015, appendix A) over radius and `strength`.

    The same as lenstronomy's TNFW, with terms put together so that they do not cancel close to the middle: float32 will do.

    Args:
        squared: radius in scale radii, squared.
        truncation: truncation radius in scale radii, broadcasting to it.
    """
    y, tau2 = squared.clamp(min=_NFW_CORE**2), truncation.square()
    log_x = 0.5 * y.log()
    root = (1 - y).abs().sqrt().clamp(min=1e-3 if y.dtype == torch.float32 else 1e-7)
    nfw = torch.where(y < 1, root.log1p() - log_x, root.atan()) / root
    far = (tau2 + y).sqrt() + truncation
    reach = 1 / (truncation * far)
    log_far = log_x - far.log()
    inner = _nfw_rise(y, log_x - math.log(2), nfw) - (0.5 * y * reach).log1p() / y + log_far * reach
    return tau2 / (tau2 + 1).square() * ((tau2 - 1) * inner + 2 * nfw - math.pi / far)


def tabulated_nfw_pull(squared: Tensor, truncation: Tensor) -> Tensor:
    """The same from a table a halo, between whose nodes in the logarithm of the radius it is linear: to 1e-4, five times as fast.

    Args:
        squared: (N, rays).
        truncation: (N, 1).
    """
    first = 2 * math.log(_NFW_CORE)
    step = (squared.amax(1, keepdim=True).log() - first) / (_NFW_NODES - 1)
    nodes = (first + step * torch.arange(_NFW_NODES, device=step.device, dtype=step.dtype)).exp()
    # Times 1 + y the function is nearly straight: a logarithm inside, a constant outside.
    table = truncated_nfw_pull(nodes, truncation) * (1 + nodes)
    index = (squared.log() - first).div_(step).clamp_(0, _NFW_NODES - 1.001)
    below = index.to(torch.int64)
    found = torch.lerp(table.gather(1, below), table.gather(1, below + 1), index.sub_(below))
    return found.div_(1 + squared)


def _nfw_rise(y: Tensor, log_half: Tensor, nfw: Tensor) -> Tensor:
    """(F(x) + ln(x/2)) / x^2 of the NFW profile, y = x^2 and F its `nfw`; by a series where the sum would cancel."""
    series_above, series_times = torch.zeros_like(y), torch.zeros_like(y)
    for above, times in reversed(_NFW_SERIES):
        series_above = series_above * y + above
        series_times = series_times * y + times
    below = 0.1 if y.dtype == torch.float32 else 0.01
    return torch.where(y < below, -(log_half * series_times + series_above), (nfw + log_half) / y)


def sersic_exponent(n_sersic: Tensor) -> Tensor:
    """b_n, lenstronomy's approximation."""
    return (1.9992 * n_sersic - 0.3271).clamp(min=1e-5)


def sersic_unit_flux(R_sersic: Tensor, n_sersic: Tensor) -> Tensor:
    """Flux to infinity of a Sersic profile of surface brightness 1 at its half-light radius (arcsec), in arcsec^2."""
    exponent = sersic_exponent(n_sersic)
    shape = (exponent - 2 * n_sersic * exponent.log() + torch.lgamma(2 * n_sersic)).exp()
    return 2 * math.pi * R_sersic.square() * n_sersic * shape


def sersic(x: Tensor, y: Tensor, amplitude: Tensor, R_sersic: Tensor, n_sersic: Tensor, e1: Tensor, e2: Tensor) -> Tensor:
    """Surface brightness of elliptical Sersic profiles.

    Args:
        x, y: rays from the profile's centre in arcsec, broadcasting to (B, H, W).
        amplitude: (B,) at the half-light radius.
        R_sersic: (B,) half-light radius in arcsec.
        n_sersic: (B,) index.
        e1, e2: (B,) ellipticity components.
    """
    norm = (1 - e1.square() - e2.square()).abs().clamp(min=1e-6).sqrt() * R_sersic.clamp(min=_SMOOTHING)
    # x and y stretched to the round profile, in half-light radii.
    xx, xy, yy = (over_grid(value / norm, x) for value in (1 - e1, -e2, 1 + e1))
    squared = (xx * x + xy * y).square() + (xy * x + yy * y).square()
    floor = over_grid((_SMOOTHING / R_sersic.clamp(min=_SMOOTHING)).square(), x)
    return _sersic_law(torch.maximum(squared, floor), amplitude, n_sersic)


def round_exponential(x: Tensor, y: Tensor, amplitude: Tensor, R_sersic: Tensor) -> Tensor:
    """Surface brightness of round Sersic profiles of index 1; see `sersic`. Sparse rays (B, 1, W), (B, H, 1) cost least.

    Args:
        x: arcsec from the middle of the profile.
        y: the same.
        amplitude: surface brightness at R_sersic.
        R_sersic: half-light radius, arcsec.
    """
    size, least = over_grid(1 / R_sersic.clamp(min=_SMOOTHING), x), over_grid(_SMOOTHING / R_sersic.clamp(min=_SMOOTHING), x)
    radius = ((size * x).square() + (size * y).square()).sqrt_().maximum(least)
    exponent = sersic_exponent(torch.ones_like(amplitude))
    edge = over_grid(amplitude * exponent.exp(), x)
    return radius.mul_(-over_grid(exponent, x)).exp_().mul_(edge)


def _sersic_law(squared: Tensor, amplitude: Tensor, n_sersic: Tensor) -> Tensor:
    """From the squares of the radii (B, H, W) in half-light radii."""
    exponent, power = over_grid(sersic_exponent(n_sersic), squared), over_grid(0.5 / n_sersic, squared)
    light = torch.exp(exponent * (1 - squared**power)) * over_grid(amplitude, squared)
    return light.masked_fill(squared > _LARGEST_RADIUS**2, 0.0)
