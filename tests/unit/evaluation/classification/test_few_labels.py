import json

import pytest

from lensmae.errors import DatasetError
from lensmae.evaluation.classification.few_labels import budget, explanation, read_few_labels

RECORD = {"model": "mae", "labels": 100, "seed": 0, "accuracy": 0.5, "macro_auc": 0.7, "data": "lenses", "n": 90}


@pytest.mark.parametrize("stored", [[RECORD], {"results": [RECORD]}])
def test_results_are_read_from_a_list_and_from_the_file_of_the_study(tmp_path, stored):
    path = tmp_path / "few.json"
    path.write_text(json.dumps(stored))
    table = read_few_labels(path)
    assert table.iloc[0][["model", "labels", "macro_auc"]].tolist() == ["mae", 100, 0.7]


def test_no_file_is_an_empty_table(tmp_path):
    assert read_few_labels(tmp_path / "none.json").empty


@pytest.mark.parametrize("text", ["{", '[{"model": "mae"}]', '[{"model": "m", "labels": 1, "accuracy": 2, "macro_auc": 0.1}]'])
def test_a_damaged_file_is_named(tmp_path, text):
    path = tmp_path / "few.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"few\.json"):
        read_few_labels(path)


def test_a_table_says_how_long_its_trainings_were_and_what_its_models_see():
    assert budget([2000, 2000.0, None, float("nan")]).startswith("Every training passed 2,000 images")
    assert budget([None]) == ""
    assert "residual" in explanation(["resnet18-residual", "of my own"])
    assert explanation(["of my own"]) == ""
    both = explanation(name for name in ("resnet18", "mae"))
    assert both.startswith("mae: ")
    assert "resnet18: " in both
