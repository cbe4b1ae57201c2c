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
    squared = torch.maximum(squared, floor)
    exponent, power = over_grid(sersic_exponent(n_sersic), x), over_grid(0.5 / n_sersic, x)
    light = torch.exp(exponent * (1 - squared**power)) * over_grid(amplitude, x)
    return light.masked_fill(squared > _LARGEST_RADIUS**2, 0.0)
