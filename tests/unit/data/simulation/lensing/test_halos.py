"""Numbers of subhalos against lenstronomy's cosmology."""

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from lenstronomy.Cosmo.lens_cosmo import LensCosmo

from lensmae.data.simulation.lensing.halos import ARCSEC_OF_KPC, HALO_R200, HALO_THETA_E_SOLAR, truncated_nfw

COSMO = LensCosmo(0.5, 1.0, cosmo=FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05))
ARCSEC = 180 * 3600 / np.pi


def test_constants_are_those_of_lenstronomys_cosmology():
    _, _, radius = COSMO.nfwParam_physical(1e9, 10.0)
    assert pytest.approx(radius / COSMO.dd * ARCSEC, rel=1e-9) == HALO_R200
    assert pytest.approx(np.sqrt(1 / (np.pi * COSMO.sigma_crit)) / COSMO.dd * ARCSEC, rel=1e-9) == HALO_THETA_E_SOLAR
    assert pytest.approx(1e-3 / COSMO.dd * ARCSEC, rel=1e-9) == ARCSEC_OF_KPC


@pytest.mark.parametrize(("mass", "concentration"), [(1e8, 19.0), (3e9, 9.5), (1e10, 30.0)])
def test_a_subhalo_has_lenstronomys_scale_radius_and_deflection(mass, concentration):
    halo = truncated_nfw(np.array([mass]), np.array([concentration]), np.array([0.3]), np.array([-0.2]))[0]
    radius, deflection = COSMO.nfw_physical2angle(mass, concentration)
    assert halo["Rs"] == pytest.approx(radius, rel=1e-9)
    assert halo["alpha_Rs"] == pytest.approx(deflection, rel=1e-9)
    assert (halo["center_x"], halo["center_y"]) == (0.3, -0.2)
