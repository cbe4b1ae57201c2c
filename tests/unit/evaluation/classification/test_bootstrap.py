import numpy as np
import pytest
from scipy.stats import binomtest, norm
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from lensmae.evaluation.classification.bootstrap import GRID, bootstrap_bands, draw_weights, perfect_auc_bound, weighted_curves

CLASSES = ("no_sub", "cdm", "axion")


def guesses(count=240, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    scores = rng.normal(size=(count, 3))
    scores[np.arange(count), labels] += 1.0
    exponents = np.exp(scores)
    return labels, exponents / exponents.sum(axis=1, keepdims=True)


def test_areas_of_a_resample_are_those_of_scikit_learn_with_its_weights():
    labels, probabilities = guesses()
    # Ties, as few decimals make them.
    scores, truth = probabilities[:, 1].round(1), labels == 1
    weights = next(draw_weights(labels, 5, seed=3))
    rates, auc, _, average = weighted_curves(truth, scores, weights)
    for row in range(5):
        assert auc[row] == pytest.approx(roc_auc_score(truth, scores, sample_weight=weights[row]), abs=1e-6)
        assert average[row] == pytest.approx(average_precision_score(truth, scores, sample_weight=weights[row]), abs=1e-6)
        fpr, tpr, _ = roc_curve(truth, scores, sample_weight=weights[row], drop_intermediate=False)
        np.testing.assert_allclose(rates[row], np.interp(GRID, fpr, tpr), atol=1e-6)


def test_each_resample_holds_as_many_lenses_of_every_class_as_there_are():
    labels, _ = guesses()
    weights = np.concatenate(list(draw_weights(labels, 7, seed=0)))
    for label in range(3):
        np.testing.assert_array_equal(weights[:, labels == label].sum(axis=1), (labels == label).sum())


def test_intervals_hold_the_true_auc_about_as_often_as_they_say():
    """Scores N(0, 1) and N(1, 1) have the AUC norm.cdf(1 / sqrt(2)); 95 % intervals of 200 samples hold it in 95 % +- 3 sigma."""
    truth, held = norm.cdf(1 / np.sqrt(2)), []
    rng = np.random.default_rng(5)
    labels = np.repeat([0, 1], 60)
    for seed in range(200):
        scores = rng.normal(size=120) + labels
        bands = bootstrap_bands(labels, np.stack([-scores, scores], axis=1), ("a", "b"), resamples=200, seed=seed)
        low, high = bands.roc["b"].area
        held.append(low <= truth <= high)
    assert 0.90 <= np.mean(held) <= 0.995


def test_bands_are_repeatable_enclose_the_interval_of_the_curve_and_average_the_classes():
    labels, probabilities = guesses()
    first, second = (bootstrap_bands(labels, probabilities, CLASSES, resamples=50) for _ in range(2))
    assert set(first.roc) == set(first.pr) == {*CLASSES, "macro", "micro"}
    np.testing.assert_array_equal(first.roc["macro"].areas, second.roc["macro"].areas)
    np.testing.assert_allclose(first.roc["macro"].areas, np.mean([first.roc[name].areas for name in CLASSES], axis=0))
    for band in [*first.roc.values(), *first.pr.values()]:
        assert (band.low <= band.high).all()
        assert band.area[0] < band.area[1]


def test_one_class_alone_has_no_bands():
    bands = bootstrap_bands(np.zeros(9, dtype=int), np.full((9, 3), 1 / 3), CLASSES, resamples=5)
    assert (bands.roc, bands.pr) == ({}, {})


def test_a_perfect_ranking_of_few_lenses_is_compatible_with_less():
    # One lens on each side: Wilson's interval of 1 out of 1.
    assert perfect_auc_bound(1, 1) == pytest.approx(binomtest(1, 1).proportion_ci(method="wilson").low, rel=1e-9)
    labels = np.repeat([0, 1, 2], 4)
    bands = bootstrap_bands(labels, np.eye(3)[labels], CLASSES, resamples=20)
    few, many = perfect_auc_bound(4, 8), perfect_auc_bound(1000, 2000)
    for band in bands.roc.values():
        assert band.area == (pytest.approx(few), 1.0)
    assert all(np.isnan(band.area).all() for band in bands.pr.values())
    assert 0.5 < few < 0.85 < 0.997 < many < 1


def test_the_bound_of_perfect_rankings_is_kept_by_nineteen_in_twenty():
    rng = np.random.default_rng(0)
    bound = perfect_auc_bound(6, 6)
    # Normal scores whose AUC is the bound: how often is a ranking of 6 and 6 perfect by chance?
    shift = np.sqrt(2) * norm.ppf(bound)
    perfect = (rng.normal(shift, 1, (4000, 6)).min(axis=1) > rng.normal(0, 1, (4000, 6)).max(axis=1)).mean()
    assert perfect < 0.05
