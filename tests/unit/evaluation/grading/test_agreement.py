"""Agreement of graders, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from lensmae.evaluation.grading.agreement import agreement, combined


def table(**graders):
    rows = [
        {"item": str(item), "grader": name, "grade": "" if grade == "-" else grade, "tags": (), "note": ""}
        for name, grades in graders.items()
        for item, grade in enumerate(grades)
    ]
    return pd.DataFrame(rows)


def test_kappa_is_the_textbooks():
    # 20 A-A, 5 A-X, 10 X-A, 15 X-X: agreement 0.7, by chance 0.5, kappa 0.4 (the worked example of Cohen's kappa).
    found = agreement(table(ann="A" * 25 + "X" * 25, bob="A" * 20 + "X" * 5 + "A" * 10 + "X" * 15))
    assert found[["graders", "images"]].values.tolist() == [["ann and bob", 50]]
    assert found["agree"][0] == pytest.approx(0.7)
    assert found["kappa"][0] == pytest.approx(0.4)
    exact = binomtest(35, 50).proportion_ci(method="exact")
    assert found[["agree_low", "agree_high"]].values.tolist() == [[pytest.approx(exact.low), pytest.approx(exact.high)]]


def test_only_images_that_both_graded_count_and_every_pair_is_named():
    found = agreement(table(ann="ABCX", bob="AB--", cyd="XXXX"))
    assert found[["graders", "images"]].values.tolist() == [["ann and bob", 2], ["ann and cyd", 4], ["bob and cyd", 2]]
    assert found["kappa"][0] == 1.0
    assert agreement(table(ann="AB")).empty


def test_a_near_miss_weighs_less_than_a_far_one():
    near, far = agreement(table(ann="AABX", bob="ABBX")), agreement(table(ann="AABX", bob="AXBX"))
    assert near["kappa"][0] == pytest.approx(far["kappa"][0], abs=0.1)
    assert near["weighted_kappa"][0] > far["weighted_kappa"][0] + 0.3


def test_kappa_of_one_grade_throughout_is_not_defined():
    found = agreement(table(ann="AAA", bob="AAA"))
    assert found["agree"][0] == 1.0
    assert np.isnan(found["kappa"][0])


def test_graders_are_combined_by_their_median_the_better_of_two():
    assert dict(combined(table(ann="AAX-", bob="BXX-", cyd="CX--"))[["item", "grade"]].values) == {
        "0": "B", "1": "X", "2": "X", "3": "",
    }  # fmt: skip
    assert combined(table(ann="A", bob="B"))["grade"].tolist() == ["A"]


def test_a_note_that_two_graders_share_stands_once():
    marks = table(ann="A", bob="A", cyd="B").assign(note=["arc", "arc", "ring"])
    assert combined(marks)["note"].tolist() == ["arc · ring"]
