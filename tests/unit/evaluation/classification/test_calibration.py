import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from lensmae.evaluation.classification.calibration import (
    fit_temperature,
    negative_log_likelihood,
    reliability,
    temperature_interval,
    tempered,
)
from lensmae.evaluation.metrics import ece


def guesses(count=4000, sharpness=1.0, seed=0):
    """Labels drawn from softmax(logits); probabilities from sharpness x logits."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(count, 3))
    truth = softmax(logits, axis=1)
    labels = (truth.cumsum(axis=1) < rng.random(count)[:, None]).sum(axis=1)
    return labels, softmax(sharpness * logits, axis=1)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_a_known_one(sharpness):
    labels, probabilities = guesses(sharpness=sharpness)
    temperature = fit_temperature(probabilities, labels)
    assert temperature == pytest.approx(sharpness, rel=0.06)
    better = tempered(probabilities, temperature)
    assert negative_log_likelihood(better, labels) <= negative_log_likelihood(probabilities, labels) + 1e-9
    np.testing.assert_array_equal(better.argmax(axis=1), probabilities.argmax(axis=1))
    assert ece(better, labels) < 0.03


def test_bins_are_those_of_scikit_learn():
    labels, probabilities = guesses(800, sharpness=2.0)
    found = reliability(probabilities, labels, bins=10)
    correct, confidence = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    share, mean = calibration_curve(correct, confidence, n_bins=10)
    np.testing.assert_allclose(found.accuracy, share)
    np.testing.assert_allclose(found.confidence, mean)
    assert found.count.sum() == 800


def test_its_ece_is_that_of_the_metric():
    labels, probabilities = guesses(500, sharpness=2.5)
    assert reliability(probabilities, labels).ece == pytest.approx(ece(probabilities, labels))


def test_bounds_of_a_bin_are_those_of_scipy():
    labels, probabilities = guesses(60)
    found = reliability(probabilities, labels)
    for count, share, low, high in zip(found.count, found.accuracy, found.low, found.high, strict=True):
        expected = binomtest(round(count * share), int(count)).proportion_ci(method="exact")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_likelihood_is_that_of_scikit_learn():
    labels, probabilities = guesses(100)
    assert negative_log_likelihood(probabilities, labels) == pytest.approx(log_loss(labels, probabilities, labels=[0, 1, 2]))


def test_the_interval_of_the_temperature_holds_the_true_one_and_its_ends_are_equally_likely():
    held = 0
    for seed in range(40):
        labels, probabilities = guesses(150, sharpness=2.0, seed=seed)
        low, high = temperature_interval(probabilities, labels)
        held += low <= 2.0 <= high
        losses = [len(labels) * negative_log_likelihood(tempered(probabilities, end), labels) for end in (low, high)]
        best = len(labels) * negative_log_likelihood(tempered(probabilities, fit_temperature(probabilities, labels)), labels)
        assert losses == pytest.approx([best + 1.9207, best + 1.9207], abs=1e-3)
    assert held >= 35


def test_lenses_that_are_all_right_bound_the_temperature_from_above_only():
    labels = np.arange(12) % 3
    probabilities = np.where(np.eye(3)[labels] == 1, 0.98, 0.01)
    low, high = temperature_interval(probabilities, labels)
    assert low == 0.0
    assert 1.0 < high < 5.0
