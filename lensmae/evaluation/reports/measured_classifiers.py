"""Classifiers and simple models that `lensmae report` measured on the same unseen lenses: what stands beside a network."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

COLUMNS = ("network", "accuracy", "low", "high", "macro AUC", "lenses")
_WORDS = {
    "resnet18": "ResNet-18, an ordinary convolutional network",
    "resnet18-residual": "ResNet-18 on what mae-no-sub cannot explain",
    "residual-cpu": "transformer on what mae-no-sub cannot explain, minutes of two cores",
    "pixels": "logistic regression on principal components",
}


def measured_classifiers(record: Mapping[str, Any]) -> pd.DataFrame:
    """Networks and simple models of a record (`results.json`), one a row with `COLUMNS`, the best macro AUC first; empty where
    the record has none. Accuracy and its 95 % interval are shares; nan where the record does not say."""
    networks = record.get("classification") or {}
    lenses = ((record.get("data") or {}).get("lenses") or {}).get("n")
    figures = ("accuracy", "accuracy_low", "accuracy_high", "macro_auc", "n")
    rows = [(_named(name), *map(found.get, figures)) for name, found in networks.items()]
    simple = record.get("simple_classifiers") or {}
    rows += [(_named(name), found.get("accuracy"), None, None, found["macro_auc"], lenses) for name, found in simple.items()]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numeric = table.drop(columns="network").astype(float)
    return table[["network"]].join(numeric).sort_values("macro AUC", ascending=False, ignore_index=True)


def _named(name: str) -> str:
    return f"{name}: {_WORDS[name]}" if name in _WORDS else name
