import numpy as np
import pytest
from sklearn.metrics import precision_score, roc_curve

from lensmae.evaluation.classification.operating_point import cell_members, operating_point, predicted, worst_cell


def guesses():
    rng = np.random.default_rng(2)
    labels, probabilities = rng.integers(0, 3, 150), rng.dirichlet(np.ones(3), 150)
    return labels, probabilities


def test_without_a_threshold_the_likeliest_class_is_called():
    _, probabilities = guesses()
    np.testing.assert_array_equal(predicted(probabilities), probabilities.argmax(axis=1))


def test_a_threshold_is_a_point_of_the_roc_curve():
    labels, probabilities = guesses()
    fpr, tpr, thresholds = roc_curve(labels == 1, probabilities[:, 1], drop_intermediate=False)
    for place in (5, 40, 90):
        called = predicted(probabilities, 1, thresholds[place])
        point = operating_point(labels, called, 1)
        assert (point.fpr, point.tpr) == pytest.approx((fpr[place], tpr[place]))
        assert point.precision == pytest.approx(precision_score(labels == 1, called == 1))


def test_lenses_below_the_threshold_go_to_the_likeliest_other_class():
    called = predicted(np.array([[0.2, 0.5, 0.3], [0.2, 0.7, 0.1]]), 1, 0.6)
    assert called.tolist() == [2, 1]


def test_rates_without_lenses_are_not_defined():
    point = operating_point(np.zeros(3, dtype=int), np.zeros(3, dtype=int), 1)
    assert np.isnan(point.tpr)
    assert np.isnan(point.precision)
    assert point.fpr == 0.0


def test_a_cell_holds_its_lenses_the_surest_call_first():
    labels = np.array([0, 0, 0, 1])
    probabilities = np.array([[0.4, 0.6], [0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert cell_members(labels, probabilities.argmax(axis=1), probabilities, (0, 1)).tolist() == [1, 0]


def test_the_worst_cell_is_never_on_the_diagonal():
    assert worst_cell(np.array([[50, 2, 1], [0, 40, 7], [3, 0, 9]])) == (1, 2)
