"""Noise that is known, and widths of Gaussians that are known."""

import numpy as np
import pytest

from lensmae.data.nuisances import perturb
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.evaluation.ood.quality import quality_of


@pytest.fixture(scope="module")
def lenses():
    return simulate_batch("model_ii", 12, generator_of(3, 0, 0)).images.numpy()


@pytest.mark.parametrize(("rms", "within"), [(1e-3, 0.4), (1e-2, 0.1), (3e-2, 0.1)])
def test_the_noise_that_was_added_is_estimated(lenses, rms, within):
    peak = lenses.max(axis=(1, 2), keepdims=True)
    noisy = lenses + rms * peak * np.random.default_rng(0).normal(size=lenses.shape)
    assert np.median(quality_of(noisy).noise) == pytest.approx(rms, rel=within)


def test_sky_and_gain_change_no_estimate_and_a_flat_image_has_one(lenses):
    noisy = lenses + 0.01 * np.random.default_rng(0).normal(size=lenses.shape)
    np.testing.assert_allclose(quality_of(1e4 * noisy + 50).noise, quality_of(noisy).noise, rtol=1e-6)
    assert np.isfinite(quality_of(np.ones((2, 9, 7))).noise).all()


def test_photon_noise_is_seen_where_it_is_bright(lenses):
    noisy = perturb(lenses, "shot_noise", 0.1).numpy()
    assert np.median(quality_of(noisy).noise) < 1e-3
    # Its rms goes with the root of the flux: somewhat less than at the peak.
    assert np.median(quality_of(noisy).bright_noise) == pytest.approx(0.05, rel=0.4)


@pytest.mark.parametrize("fwhm", [3.0, 3.5, 4.0])
@pytest.mark.parametrize(("size", "rms"), [((64, 64), 0.0), ((64, 64), 1e-3), ((75, 81), 1e-3)])
def test_the_width_of_a_gaussian_is_its_own(fwhm, size, rms):
    y, x = (np.arange(side) - side / 2 + 0.3 for side in size)
    spot = np.exp(-4 * np.log(2) * (y[:, None] ** 2 + x[None] ** 2) / fwhm**2)
    images = 5 + 300 * (spot[None] + rms * np.random.default_rng(0).normal(size=(6, *size)))
    np.testing.assert_allclose(quality_of(images).width, fwhm, rtol=0.05)


def test_a_broader_psf_is_seen_through_noise(lenses):
    noisy = perturb(lenses, "noise", 1e-2).numpy()
    broad = perturb(perturb(lenses, "blur", 3.0), "noise", 1e-2).numpy()
    assert (quality_of(broad).width > quality_of(noisy).width).all()
