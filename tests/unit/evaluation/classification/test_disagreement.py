"""Two classifiers lens by lens."""

import numpy as np
import pytest

from lensmae.evaluation.classification.disagreement import disagreement

CLASSES = ("no_sub", "cdm", "axion")


def sure(calls, certainty=0.8):
    chances = np.full((len(calls), 3), (1 - certainty) / 2)
    chances[np.arange(len(calls)), calls] = certainty
    return chances


def test_only_lenses_that_are_called_differently_are_named_with_who_is_right():
    labels = np.array([0, 1, 2, 0])
    first, second = sure([0, 1, 0, 1]), sure([0, 2, 1, 0])
    first[2] = [0.98, 0.01, 0.01]
    found = disagreement(labels, first, second, CLASSES, np.array([10, 20, 30, 40]))
    assert found.table[["row", "true", "first", "second", "right"]].values.tolist() == [
        [30, "axion", "no_sub", "cdm", "none"],
        [20, "cdm", "cdm", "axion", "first"],
        [40, "no_sub", "cdm", "no_sub", "second"],
    ]
    assert found.p == 1.0


def test_the_test_is_the_sign_test_of_those_that_only_one_calls_right():
    labels = np.zeros(20, dtype=int)
    first, second = sure([0] * 20), sure([0] * 10 + [1] * 10)
    # Ten heads of ten: 2 / 2^10.
    assert disagreement(labels, first, second, CLASSES, np.arange(20)).p == pytest.approx(2 / 1024)


def test_classifiers_that_agree_differ_nowhere():
    found = disagreement(np.array([0, 1]), sure([0, 0]), sure([0, 0]), CLASSES, np.arange(2))
    assert found.table.empty
    assert found.p == 1.0
