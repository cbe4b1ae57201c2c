"""Truncated NFW subhalos: from a mass to lenstronomy's TNFW parameters, for a lens at z 0.5 and a source at z 1.0."""

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lensmae.data.simulation.presets import Z_LENS
from lensmae.data.simulation.priors import HALO_CONCENTRATION, HALO_TRUNCATION_KPC

if TYPE_CHECKING:
    from torch import Tensor

_LITTLE_H = 0.7
# In FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05), with lenstronomy's constants; a test recomputes them with its `LensCosmo`.
HALO_R200 = 2.8245463772913357  # arcsec, of 1e9 Msun at z 0.5
HALO_THETA_E_SOLAR = 1.6647489120427585e-06  # arcsec, Einstein radius of 1 Msun, source at z 1.0
ARCSEC_OF_KPC = 0.16382137507884717  # at z 0.5

Values = TypeVar("Values", np.ndarray, "Tensor")


def concentration(mass: np.ndarray) -> np.ndarray:
    """Median concentration c200 of NFW halos of `mass` (n,) in Msun: Dutton & Maccio 2014, eqs. 7, 10 and 11."""
    return 10 ** log_concentration(np.log10(mass))


def log_concentration(log_mass: Values) -> Values:
    """log10 of the median concentration from log10 of the mass in Msun; arrays or tensors."""
    low, high, rate, power = HALO_CONCENTRATION["a"]
    constant, slope = HALO_CONCENTRATION["b"]
    a = low + (high - low) * math.exp(rate * Z_LENS**power)
    return a + (constant + slope * Z_LENS) * (log_mass + math.log10(_LITTLE_H) - 12)


def truncated_nfw(mass: np.ndarray, concentrations: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[dict[str, float]]:
    """lenstronomy's TNFW arguments of subhalos.

    Args:
        mass: (n,) virial masses M200 in Msun, before truncation.
        concentrations: (n,) c200.
        x, y: (n,) arcsec.
    """
    radius, strength, truncation = halo_shape(mass, concentrations, np.log1p(concentrations))
    # The deflection at the scale radius of the profile before truncation.
    deflection = strength * radius * (1 - np.log(2))
    values = zip(radius, deflection, truncation * radius, x, y, strict=True)
    names = ("Rs", "alpha_Rs", "r_trunc", "center_x", "center_y")
    return [dict(zip(names, map(float, halo), strict=True)) for halo in values]


def halo_shape(mass: Values, concentrations: Values, log_concentration: Values) -> tuple[Values, Values, Values]:
    """Scale radius (arcsec), strength and truncation (scale radii) of subhalos; arrays or tensors of one shape.

    Args:
        mass: M200 in Msun, before truncation.
        concentrations: c200.
        log_concentration: ln(1 + c200).

    Returns:
        strength: 4 rho_0 R_s over the critical surface density.
    """
    radius = HALO_R200 * (mass / 1e9) ** (1 / 3) / concentrations
    strength = HALO_THETA_E_SOLAR**2 * mass / radius**2 / (log_concentration - concentrations / (1 + concentrations))
    return radius, strength, HALO_TRUNCATION_KPC * ARCSEC_OF_KPC * (mass / 1e7) ** (1 / 3) / radius
