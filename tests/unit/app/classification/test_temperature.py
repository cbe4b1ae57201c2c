"""When a temperature is offered."""

import numpy as np

from lensmae.app.classification.cached import _temperature
from lensmae.app.classification.calibration import _fitted, _unknown


def answers(right, sure=0.9):
    """Labels and probabilities (N, 3) of lenses that are right or not."""
    labels = np.arange(len(right)) % 3
    called = np.where(right, labels, (labels + 1) % 3)
    return labels, np.where(np.eye(3)[called] == 1, sure, (1 - sure) / 2)


def test_none_is_offered_where_all_lenses_are_right():
    labels, probabilities = answers(np.ones(12, dtype=bool))
    found = _temperature(probabilities, labels)
    assert not found.known
    assert "all 12 lenses" in _unknown(found)
    assert f"T is below {found.high:.2f}" in _unknown(found)


def test_lenses_with_errors_say_what_it_is_and_how_well():
    # Sure of 90 %, right in 70 %: too sure, so T is above 1.
    labels, probabilities = answers(np.arange(100) % 10 < 7)
    found = _temperature(probabilities, labels)
    assert found.known
    assert 1 < found.low < found.value < found.high
    assert "30 of them classified wrongly" in _fitted(found, "test")
    assert "holds 1" not in _fitted(found, "test")
