"""The table of measured classifiers holds what the record says."""

import json

from lensmae.evaluation.reports.measured_classifiers import COLUMNS, measured_classifiers
from lensmae.shipped import CHECKPOINTS


def test_networks_and_simple_models_stand_in_one_table_the_best_first():
    record = {
        "data": {"lenses": {"n": 300}},
        "classification": {"resnet18": {"macro_auc": 0.9, "accuracy": 0.8, "accuracy_low": 0.7, "accuracy_high": 0.85, "n": 300}},
        "simple_classifiers": {"pixels": {"macro_auc": 0.95, "accuracy": 0.9}},
    }
    table = measured_classifiers(record)
    assert tuple(table.columns) == COLUMNS
    assert table["network"].tolist() == [
        "pixels: logistic regression on principal components",
        "resnet18: ResNet-18, an ordinary convolutional network",
    ]
    assert table.loc[1, ["accuracy", "low", "high", "macro AUC", "lenses"]].tolist() == [0.8, 0.7, 0.85, 0.9, 300]
    assert table.loc[0, ["low", "high"]].isna().all()
    assert measured_classifiers({}).empty


def test_the_shipped_record_has_baselines_beside_the_shipped_classifiers():
    table = measured_classifiers(json.loads((CHECKPOINTS / "results.json").read_text()))
    names = {name.split(":")[0] for name in table["network"]}
    assert {"classifier", "classifier-model-ii", "resnet18", "pixels"} <= names
