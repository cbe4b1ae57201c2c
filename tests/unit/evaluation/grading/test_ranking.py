"""Recall and purity of a ranking, against scikit-learn and a case worked out by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_curve, roc_curve

from lensmae.evaluation.grading.ranking import at_most, ranking, ranking_intervals


@pytest.fixture
def case():
    random = np.random.default_rng(4)
    sought = random.random(300) < 0.2
    # Rounded, so that there are ties.
    return np.round(random.normal(sought * 1.5, 1.0), 1), sought


def test_recall_and_purity_are_those_of_scikit_learn(case):
    scores, sought = case
    found = ranking(scores, sought, 0.5)
    precision, recall, thresholds = precision_recall_curve(sought, scores)
    by_threshold = {threshold: (p, r) for p, r, threshold in zip(precision, recall, thresholds, strict=False)}
    assert len(found) == len(by_threshold)
    for row in found.itertuples():
        assert (row.purity, row.recall) == pytest.approx(by_threshold[row.threshold])
    false, _, thresholds = roc_curve(sought, scores, drop_intermediate=False)
    assert found["false_positive_rate"].to_numpy() == pytest.approx(false[1:])


def test_at_its_own_prevalence_the_purity_is_the_one_measured(case):
    scores, sought = case
    found = ranking(scores, sought, float(sought.mean()))
    assert found["purity_at_prevalence"].to_numpy() == pytest.approx(found["purity"].to_numpy())
    rare = ranking(scores, sought, 1e-3)
    assert (rare["purity_at_prevalence"][:-1] <= found["purity"][:-1] + 1e-12).all()
    assert rare["purity_at_prevalence"].iloc[-1] == pytest.approx(1e-3)


def test_a_case_by_hand():
    found = ranking(np.array([0.1, 0.9, 0.5, 0.5]), np.array([False, True, True, False]), 0.1)
    assert found["n"].tolist() == [1, 3, 4]
    assert found["recall"].tolist() == [0.5, 1.0, 1.0]
    assert found["purity"].tolist() == pytest.approx([1.0, 2 / 3, 0.5])
    assert found["purity_at_prevalence"].tolist() == pytest.approx([1.0, 0.1 / (0.1 + 0.9 * 0.5), 0.1])
    assert at_most(found, 2)["n"] == 1
    assert at_most(found, 0) is None


def test_without_anything_sought_recall_is_not_defined():
    assert ranking(np.ones(3), np.zeros(3, dtype=bool), 0.5)["recall"].isna().all()
    assert ranking(np.empty(0), np.empty(0, dtype=bool), 0.5).empty


def test_few_images_without_a_wrong_one_do_not_make_a_survey_pure():
    sought = np.repeat([True, False], [5, 20])
    step = at_most(ranking(np.linspace(1, 0, 25), sought, 0.01), 5)
    bounds = ranking_intervals(step, 5, 20, 0.01)
    assert step["purity_at_prevalence"] == 1.0
    exact = binomtest(5, 5).proportion_ci(method="exact")
    assert bounds["recall"] == bounds["purity"] == (pytest.approx(exact.low), 1.0)
    # 0 of 20 others: their rate is below 1 - (0.0125)^(1/20), at the recall above 0.0125^(1/5).
    recall, false = 0.0125 ** (1 / 5), 1 - 0.0125 ** (1 / 20)
    assert bounds["purity_at_prevalence"] == (pytest.approx(0.01 * recall / (0.01 * recall + 0.99 * false)), 1.0)
    assert bounds["purity_at_prevalence"][0] < 0.03
