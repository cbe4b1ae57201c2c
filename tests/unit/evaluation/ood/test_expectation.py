"""Noise that is known, temperatures against one fitted alone, and tables against counting."""

import numpy as np
import pytest
from scipy.special import softmax

from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.evaluation.classification.calibration import fit_temperature
from lensmae.evaluation.ood.expectation import expectation, fit_temperature_by_noise, noise_share


@pytest.fixture(scope="module")
def lenses():
    return simulate_batch("model_ii", 12, generator_of(3, 0, 0)).images.numpy()


@pytest.mark.parametrize(("rms", "within"), [(1e-3, 0.4), (1e-2, 0.1), (3e-2, 0.1)])
def test_the_noise_that_was_added_is_estimated(lenses, rms, within):
    peak = lenses.max(axis=(1, 2), keepdims=True)
    noisy = lenses + rms * peak * np.random.default_rng(0).normal(size=lenses.shape)
    assert np.median(noise_share(noisy)) == pytest.approx(rms, rel=within)


def test_sky_and_gain_change_no_estimate_and_a_flat_image_has_one(lenses):
    noisy = lenses + 0.01 * np.random.default_rng(0).normal(size=lenses.shape)
    np.testing.assert_allclose(noise_share(1e4 * noisy + 50), noise_share(noisy), rtol=1e-6)
    assert np.isfinite(noise_share(np.ones((2, 9, 7)))).all()


def test_the_temperature_is_that_fitted_alone_where_it_does_not_depend_on_noise():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(4000, 3))
    labels = np.array([rng.choice(3, p=row) for row in softmax(logits / 2.5, axis=1)])
    noise, chances = 10 ** rng.uniform(-5, -1, 4000), softmax(logits, axis=1)
    found = fit_temperature_by_noise(chances, labels, noise)
    np.testing.assert_allclose(found.of(np.array([1e-4, 1e-2])), fit_temperature(chances, labels), rtol=0.15)


def test_answers_about_noisier_images_are_softened_where_they_are_less_right():
    rng = np.random.default_rng(1)
    noise = np.where(np.arange(4000) < 2000, 1e-5, 1e-1)
    logits = 3 * rng.normal(size=(4000, 3))
    truth = softmax(logits / np.where(noise < 1e-3, 1.0, 4.0)[:, None], axis=1)
    labels = np.array([rng.choice(3, p=row) for row in truth])
    clean, noisy = fit_temperature_by_noise(softmax(logits, axis=1), labels, noise).of(np.array([1e-5, 1e-1]))
    assert (clean, noisy) == (pytest.approx(1.0, rel=0.15), pytest.approx(4.0, rel=0.15))


def test_the_table_counts_lenses_in_bins_of_noise():
    noise = np.repeat([5e-4, 2e-2, 0.5], [40, 20, 5])
    right = np.arange(65) % 4 != 0
    told = np.arange(65) % 2 == 1
    found = expectation(noise, right, told)
    assert found.lenses == (0, 40, 0, 0, 20, 5)
    assert found.accuracy[1] == pytest.approx(right[:40].mean())
    assert found.told[4] == pytest.approx(told[40:60].mean())
    assert found.accuracy_of_told[1] == pytest.approx(right[:40][told[:40]].mean())
    assert found.sentence(7e-4).startswith(
        "Of 40 simulated lenses with noise of 0.01 to 0.1 % of the peak it calls 75.0% rightly"
    )
    # Five lenses say nothing.
    assert found.sentence(0.4) is None
    assert found.sentence(1e-9) is None
