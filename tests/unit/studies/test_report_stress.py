"""The stress test in a report."""

from studies.report_stress import stress_lines


def test_results_of_earlier_versions_are_read_by_their_old_names():
    """In version 0.1 a class that was not withheld was called told."""
    facts = {"checkpoint": "old", "nuisance": "noise", "title": "Noise", "strength": 0.01, "label": "0.01", "unit": "rms"}
    figures = {"metric": "accuracy", "value": 0.9, "low": 0.8, "high": 0.95, "auc": None, "ece": None, "n": 600}
    then, now = {"told": 0.25, "accuracy_of_told": 0.875}, {"answered": 0.25, "accuracy_answered": 0.875}
    assert stress_lines({"stress": [facts | figures | then]}) == stress_lines({"stress": [facts | figures | now]})
    assert "| 0.25 | 0.875 |" in "\n".join(stress_lines({"stress": [facts | figures | then]}))
