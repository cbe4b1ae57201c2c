"""Probes of frozen encoders: against scikit-learn, and on tokens in which the answer lies in one place."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lensmae.data import open_dataset
from lensmae.errors import DatasetError
from lensmae.evaluation.classification.probe_results import read_probes, said_of
from lensmae.evaluation.classification.probes import COLUMNS, _attentive, probe_encoder, separation
from lensmae.models import load_checkpoint
from tests.unit.test_cli import call


def test_the_linear_probe_is_scikit_learns_on_the_same_lenses(mae):
    model, lenses = load_checkpoint(mae), open_dataset("lenses")
    table = probe_encoder(model, lenses, labels=60, test=9, layers=(1,), d4=True)
    assert list(table.columns) == list(COLUMNS)
    assert table.groupby("condition").size().tolist() == [5, 5, 5]
    train, held = lenses.indices("train"), lenses.indices("test")
    assert (table["labels"] == min(60, len(train))).all()
    rng = np.random.default_rng(0)
    train, held = np.sort(rng.permutation(train)[:60]), np.sort(rng.permutation(held)[:9])
    images = [np.asarray(lenses.images[rows]) for rows in (train, held)]
    turned = [[np.rot90(side, turns, axes=(1, 2)) for side in (part, part[:, :, ::-1]) for turns in range(4)] for part in images]
    features = {
        "linear": [model.embed(part) for part in images],
        "linear, D4 mean": [np.mean([model.embed(view) for view in views], axis=0) for views in turned],
    }
    for name, (fit, seen) in features.items():
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(fit, lenses.labels[train])
        mine = table[(table["condition"] == "as given") & (table["probe"] == name) & (table["layer"] == "last")]
        assert mine["accuracy"].iloc[0] == pytest.approx(accuracy_score(lenses.labels[held], probe.predict(seen)))


def test_the_attentive_probe_finds_what_a_mean_over_tokens_drowns():
    """Every token is noise but one, in a place that differs from lens to lens, which is marked and holds the class."""
    rng = np.random.default_rng(0)
    tokens, labels = rng.normal(size=(900, 16, 12)).astype(np.float32), rng.integers(2, size=900)
    place = rng.integers(16, size=900)
    tokens[np.arange(900), place, 0] = 8.0
    tokens[np.arange(900), place, 1] = np.where(labels == 1, 3.0, -3.0)
    chances = _attentive(torch.from_numpy(tokens[:700]), labels[:700], torch.from_numpy(tokens[700:]), seed=0)
    mean = LogisticRegression().fit(tokens[:700].mean(axis=1), labels[:700])
    attentive = accuracy_score(labels[700:], chances.argmax(axis=1))
    assert attentive > 0.9
    assert attentive > accuracy_score(labels[700:], mean.predict(tokens[700:].mean(axis=1)))


def test_the_attentive_probe_is_no_worse_than_the_mean_where_the_classes_differ_by_little():
    """Tokens differ from each other a hundred times as much as the classes do in the mean."""
    rng = np.random.default_rng(1)
    labels, places = rng.integers(3, size=900), 100 * rng.normal(size=(1, 16, 12))
    tokens = (places + rng.normal(size=(900, 16, 12)) + np.eye(12)[labels][:, None]).astype(np.float32)
    chances = _attentive(torch.from_numpy(tokens[:700]), labels[:700], torch.from_numpy(tokens[700:]), seed=0)
    mean = make_pipeline(StandardScaler(), LogisticRegression()).fit(tokens[:700].mean(axis=1), labels[:700])
    linear = accuracy_score(labels[700:], mean.predict(tokens[700:].mean(axis=1)))
    assert accuracy_score(labels[700:], chances.argmax(axis=1)) > linear - 0.03
    assert linear > 0.9


def test_words_follow_the_figures():
    rows = [("as given", "linear", 0.95), ("as given", "kNN", 0.5), ("noise 0.1 % of the peak", "attentive", 0.55)]
    table = pd.DataFrame(rows, columns=["condition", "probe", "accuracy"]).assign(checkpoint="mae", labels=2000)
    said = separation(table)
    assert said.startswith("Frozen, mae separates the classes in part: with 2,000 labels as given, 95% (linear probe)")
    assert "hardly separates the classes" in separation(table.iloc[1:])
    assert "separates the classes well" in separation(table.iloc[:1])


def test_a_network_without_tokens_or_a_set_without_a_test_split_is_a_plain_message(mae):
    lenses = open_dataset("lenses")
    empty = lenses.lenses.assign(split="train")
    with pytest.raises(DatasetError, match="a test split to probe"):
        probe_encoder(load_checkpoint(mae), replace(lenses, lenses=empty))


def test_the_command_writes_what_pages_say_in_words(mae, tmp_path):
    path = tmp_path / "representation.csv"
    result = call("probe", mae, "lenses", "--labels", 40, "--test", 9, "--out", path, "--json")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    assert {row["probe"] for row in rows} == {"linear", "kNN", "attentive"}
    assert said_of(path, mae).startswith("Frozen, tiny-mae ")
    assert said_of(path, "another") is None
    assert read_probes(tmp_path / "none.csv").empty
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="no column accuracy"):
        read_probes(path)
