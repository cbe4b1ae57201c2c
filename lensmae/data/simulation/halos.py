"""Truncated NFW subhalos: from a mass to lenstronomy's TNFW parameters, for a lens at z 0.5 and a source at z 1.0."""

from functools import lru_cache
from typing import Any

import numpy as np

from lensmae.data.simulation.presets import HALO_CONCENTRATION, HALO_TRUNCATION_KPC, Z_LENS, Z_SOURCE

COSMOLOGY = {"H0": 70.0, "Om0": 0.3, "Ob0": 0.05}


def concentration(mass: np.ndarray) -> np.ndarray:
    """Median concentration c200 of NFW halos of `mass` (n,) in Msun: Dutton & Maccio 2014, eqs. 7, 10 and 11."""
    low, high, rate, power = HALO_CONCENTRATION["a"]
    constant, slope = HALO_CONCENTRATION["b"]
    a = low + (high - low) * np.exp(rate * Z_LENS**power)
    return 10 ** (a + (constant + slope * Z_LENS) * np.log10(mass * (COSMOLOGY["H0"] / 100) / 1e12))


def truncated_nfw(mass: np.ndarray, concentrations: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[dict[str, float]]:
    """lenstronomy's TNFW arguments of subhalos.

    Args:
        mass: (n,) virial masses M200 in Msun, before truncation.
        concentrations: (n,) c200.
        x, y: (n,) arcsec.
    """
    if not len(mass):
        return []
    lens = _lens_cosmo()
    radius, deflection = lens.nfw_physical2angle(mass, concentrations)
    cut = HALO_TRUNCATION_KPC * 1e-3 * np.cbrt(mass / 1e7) / lens.dd * (180 * 3600 / np.pi)
    values = zip(radius, deflection, cut, x, y, strict=True)
    names = ("Rs", "alpha_Rs", "r_trunc", "center_x", "center_y")
    return [dict(zip(names, map(float, halo), strict=True)) for halo in values]


@lru_cache(maxsize=1)
def _lens_cosmo() -> Any:
    # astropy and lenstronomy take a second to import; drawing parameters needs neither.
    from astropy.cosmology import FlatLambdaCDM
    from lenstronomy.Cosmo.lens_cosmo import LensCosmo

    return LensCosmo(Z_LENS, Z_SOURCE, cosmo=FlatLambdaCDM(**COSMOLOGY))
