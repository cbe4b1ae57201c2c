import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from lensmae.evaluation.classification.delong import auc_influence, auc_interval, macro_delong_test


def scores(seed=0, count=80):
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 3 == 0
    shared = rng.normal(size=count)
    first, second = (shared + truth * gain + 0.5 * rng.normal(size=count) for gain in (1.2, 0.6))
    # Rounded, so that there are ties.
    return truth, first.round(1), second.round(1)


def compared(truth, first, second):
    """The test of one class of two, by its scores alone."""
    pair = (np.stack([-values, values], axis=1) for values in (first, second))
    return macro_delong_test(truth.astype(int), *pair, ("other", "class"))["class"]


def direct(truth, first, second):
    """DeLong et al. 1988, eqs. 1-6, with a loop over all pairs."""
    areas, v10, v01 = [], [], []
    for values in (first, second):
        positive, negative = values[truth], values[~truth]
        psi = np.array([[1.0 if x > y else 0.5 if x == y else 0.0 for y in negative] for x in positive])
        areas.append(psi.mean())
        v10.append(psi.mean(axis=1))
        v01.append(psi.mean(axis=0))
    covariance = np.cov(v10) / truth.sum() + np.cov(v01) / (~truth).sum()
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return areas, covariance, error


def test_areas_covariances_and_p_are_those_of_the_loop_over_all_pairs():
    truth, first, second = scores()
    areas, covariance, error = direct(truth, first, second)
    (auc_a, a), (auc_b, b) = auc_influence(truth, first), auc_influence(truth, second)
    np.testing.assert_allclose([auc_a, auc_b], areas)
    np.testing.assert_allclose([[a @ a, a @ b], [b @ a, b @ b]], covariance)
    test = compared(truth, first, second)
    assert test.z == pytest.approx((areas[0] - areas[1]) / error)
    assert test.p == pytest.approx(2 * norm.sf(abs(areas[0] - areas[1]) / error))
    assert (test.low, test.high) == pytest.approx(tuple(areas[0] - areas[1] + np.array([-1, 1]) * 1.959964 * error))


def test_areas_are_those_of_scikit_learn():
    truth, first, _ = scores(3)
    assert auc_influence(truth, first)[0] == pytest.approx(roc_auc_score(truth, first))


def test_equal_scores_cannot_be_told_apart():
    truth, first, _ = scores()
    test = compared(truth, first, first)
    assert (test.difference, test.z, test.p) == (0.0, 0.0, 1.0)


def test_p_values_of_equally_good_scores_are_uniform():
    rng, found = np.random.default_rng(8), []
    truth = np.arange(90) % 2 == 0
    for _ in range(300):
        pair = truth + rng.normal(size=(2, 90)) * 1.2
        found.append(compared(truth, *pair).p)
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.09
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_the_error_of_the_macro_mean_is_that_of_a_bootstrap():
    rng = np.random.default_rng(1)
    labels = np.arange(300) % 3
    first, second = (np.eye(3)[labels] * gain + rng.normal(size=(300, 3)) for gain in (1.0, 0.8))
    test = macro_delong_test(labels, first, second, ("a", "b", "c"))["macro"]

    def difference(rows):
        areas = [[roc_auc_score(labels[rows] == k, p[rows, k]) for k in range(3)] for p in (first, second)]
        return np.mean(areas[0]) - np.mean(areas[1])

    members = [np.flatnonzero(labels == k) for k in range(3)]
    drawn = [difference(np.concatenate([rng.choice(m, len(m)) for m in members])) for _ in range(300)]
    assert (test.high - test.low) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.15)
    assert test.difference == pytest.approx(difference(np.arange(300)))


def test_an_interval_stays_between_zero_and_one_and_holds_its_auc():
    truth, first, _ = scores()
    auc, low, high = auc_interval(truth, first + 2 * truth)
    assert 0 < low < auc < high < 1
    assert auc_interval(truth, truth.astype(float)) == (1.0, 1.0, 1.0)


def test_one_positive_lens_has_no_variance():
    with pytest.raises(ValueError, match="two lenses on each side"):
        auc_influence(np.arange(5) == 0, np.arange(5.0))
