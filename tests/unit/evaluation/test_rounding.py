import pytest

from lensmae.evaluation.reports.tables import readable
from lensmae.evaluation.rounding import share


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.9999997, ".4f", "0.9999997"),
        (0.99978, ".1%", "99.98%"),
        (0.99994, ".4f", "0.9999"),
        (0.5, ".4f", "0.5000"),
        (1.0, ".4f", "1.0000"),
        (1.0, ".1%", "100.0%"),
        (1 - 1e-9, ".4f", "1.0000"),
        (float("nan"), ".4f", "nan"),
    ],
)
def test_only_one_reads_as_one(value, form, text):
    assert share(value, form) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.9999997, "0.9999997"), (1.0, "1"), (0.25, "0.25"), (None, "not defined"), (3, "3")]
)
def test_a_card_does_not_make_less_than_one_one(value, text):
    assert readable(value) == text
