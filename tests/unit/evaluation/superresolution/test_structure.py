import numpy as np
import pytest
from skimage.metrics import structural_similarity

from lensmae.evaluation.superresolution.structure import power_spectrum, radial_profile, ssim_map


def test_the_power_of_a_wave_lies_at_its_frequency():
    x = np.arange(64) * 0.05
    image = np.cos(2 * np.pi * 2.5 * x)[None, :] * np.ones((64, 1))
    frequency, power = power_spectrum(image, 0.05)
    assert frequency[np.argmax(power)] == pytest.approx(2.5)
    assert frequency[-1] == pytest.approx(0.5 / 0.05)


def test_white_noise_has_the_power_of_its_variance_at_every_scale():
    image = 3.0 * np.random.default_rng(0).normal(size=(128, 128))
    _, power = power_spectrum(image, 1.0)
    np.testing.assert_allclose(power[10:].mean(), 9.0, rtol=0.05)


def test_the_power_of_all_modes_is_the_sum_of_squares_about_the_mean():
    """Parseval: rings and corners together; the rings alone hold no more."""
    image = np.random.default_rng(1).random((32, 32))
    _, power = power_spectrum(image, 1.0)
    ring = np.rint(np.hypot(*np.meshgrid(*[np.fft.fftfreq(32) * 32] * 2, indexing="ij"))).astype(int)
    inside = np.isin(ring, np.arange(1, 17))
    expected = (np.abs(np.fft.fft2(image - image.mean())) ** 2 / image.size)[inside].sum()
    assert (power * np.bincount(ring.ravel())[1:17]).sum() == pytest.approx(expected)
    assert expected < ((image - image.mean()) ** 2).sum()


def test_a_profile_of_a_radial_function_is_that_function():
    y, x = np.indices((101, 101)) - 50
    radius, flux = radial_profile(np.exp(-np.hypot(x, y) * 0.1), 0.1, 0.2)
    np.testing.assert_allclose(flux[2:], np.exp(-radius[2:]), rtol=0.03)
    assert radius[-1] < 5.05


def test_the_mean_of_the_map_away_from_the_border_is_the_metric():
    first, second = np.random.default_rng(2).random((2, 40, 40))
    assert ssim_map(first, second)[3:-3, 3:-3].mean() == pytest.approx(
        structural_similarity(first, second, data_range=1.0), rel=1e-5
    )
