"""Conditions of the stress test in sentences and tables."""

import pytest

from lensmae.data.nuisances import NUISANCES
from lensmae.evaluation.stress.conditions import conditions
from lensmae.evaluation.stress.words import as_now, in_words


@pytest.mark.parametrize(
    ("title", "label", "unit", "said"),
    [
        ("Noise", "0.01", "rms/peak", "Noise 0.01 rms/peak"),
        ("Scaled to [0, 1]", "yes", "", "Scaled to [0, 1]"),
        ("Mirrored", "1", "1 = yes", "Mirrored"),
        ("As given", "as given", "", "As given"),
        ("Other preset", "model_iii", "preset", "Other preset model_iii preset"),
    ],
)
def test_a_condition_is_said_with_its_strength_and_unit_unless_it_has_none(title, label, unit, said):
    assert in_words(title, label, unit) == said


def test_a_nuisance_that_is_done_or_not_has_no_number():
    unmeasured = {one.nuisance: one.label for one in conditions() if one.nuisance in NUISANCES and not one.unit}
    assert unmeasured == {"min_max": "yes", "mirror": "yes"}


def test_records_of_before_are_said_as_now():
    assert [as_now("Mirrored 1 1 = yes"), as_now("Sky level 0.1 of the peak")] == ["Mirrored", "Sky level 0.1 of the peak"]
