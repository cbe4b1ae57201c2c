"""A data set as a table to work through."""

import json

import numpy as np
import pandas as pd
import pytest

from lensmae.evaluation.grading.sheet import (
    UNGRADED,
    Filters,
    chosen,
    exported,
    number_columns,
    ordered,
    sheet,
    text_columns,
    title,
)


@pytest.fixture
def table():
    lenses = pd.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e"],
            "class": ["cdm", "cdm", "axion", "axion", "cdm"],
            "split": "test",
            "seed": range(5),
            "stratum": ["survey_hst", "model_ii", "survey_hst", "model_ii", "model_ii"],
            "theta_E": [1.0, 2.0, np.nan, 3.0, 4.0],
            "subhalo_x": [[1.0], [], [], [], []],
        }
    )
    marks = [
        {"item": "0", "grader": "ann", "grade": "B", "tags": ("ring",), "note": "Blue arc"},
        {"item": "3", "grader": "ann", "grade": "A", "tags": (), "note": ""},
        {"item": "3", "grader": "bob", "grade": "X", "tags": ("odd", "ring"), "note": ""},
    ]
    measured = pd.DataFrame({"predicted": ["cdm", "axion", "axion", "cdm"]})
    return sheet(lenses, np.array([0, 1, 2, 3]), pd.DataFrame(marks), measured)


def test_every_lens_has_its_grade_over_all_graders_and_its_facts_without_lists(table):
    assert table["row"].tolist() == [0, 1, 2, 3]
    assert table["grade"].tolist() == ["B", "", "", "A"]
    assert table["tags"].tolist() == [("ring",), (), (), ("odd", "ring")]
    assert "subhalo_x" not in table
    assert number_columns(table) == ["theta_E"]
    assert text_columns(table) == ["stratum"]


def test_headings_say_what_a_column_is_and_in_which_unit():
    assert title("source_x") == "source position x (arcsec)"
    assert title("axion_mass_ev") == "axion mass (eV)"
    assert [title(name) for name in ("predicted", "P(cdm)", "of a file")] == ["predicted class", "P(cdm)", "of a file"]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (Filters(), [0, 1, 2, 3]),
        (Filters(grades=("A", UNGRADED)), [1, 2, 3]),
        (Filters(tags=("odd", "never")), [3]),
        (Filters(classes=("axion",)), [2, 3]),
        (Filters(predicted=("axion",)), [1, 2]),
        (Filters(wrong=True), [1, 3]),
        (Filters(column="theta_E", low=1.5), [1, 3]),
        (Filters(column="theta_E"), [0, 1, 3]),
        (Filters(column="stratum", names=("survey_hst",)), [0, 2]),
        (Filters(column="stratum"), [0, 1, 2, 3]),
        (Filters(text="blue ARC"), [0]),
        (Filters(text="odd"), [3]),
        (Filters(text="[", grades=("A",)), []),
    ],
)
def test_filters_leave_what_they_say(table, filters, left):
    assert table["row"][chosen(table, filters)].tolist() == left


def test_grades_sort_from_a_to_x_and_what_has_no_value_comes_last(table):
    assert ordered(table, "grade", False)["row"].tolist() == [3, 0, 1, 2]
    assert ordered(table, "theta_E", True)["row"].tolist() == [3, 1, 0, 2]
    assert ordered(table, "no such column", True)["row"].tolist() == [0, 1, 2, 3]


def test_a_file_holds_tags_as_lists(table, tmp_path):
    exported(table).to_csv(tmp_path / "table.csv", index=False)
    assert json.loads(pd.read_csv(tmp_path / "table.csv")["tags"][3]) == ["odd", "ring"]
