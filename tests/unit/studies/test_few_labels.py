import json

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.training import list_runs, make_config
from lensmae.training.loading.datamodule import LensData
from studies.few_labels import few_labels

TINY = {"batch_size": 12, "compile": False, "whitening": 0, "keep_tokens": None, "ema_decay": 0.0}


def test_labels_are_drawn_from_the_training_split_every_class_alike(workspace_with_lenses):
    dataset = open_dataset("lenses")
    chosen = LensData(dataset, make_config("classifier", data="lenses", labels=10, seed=3)).plan.indices
    assert len(set(chosen)) == 10
    assert set(chosen) <= set(dataset.indices("train"))
    assert sorted(np.bincount(dataset.labels[chosen])) == [3, 3, 4]
    again, other = (LensData(dataset, make_config("classifier", data="lenses", labels=10, seed=s)).plan.indices for s in (3, 4))
    assert np.array_equal(chosen, again)
    assert not np.array_equal(chosen, other)


def test_a_study_trains_what_is_missing_and_keeps_what_it_has(workspace_with_lenses, tmp_path):
    output = tmp_path / "few.json"
    options = {"models": ("resnet18",), "images": 24, "test_images": 9, **TINY}
    first = few_labels("lenses", output, labels=(12,), seeds=(0,), **options)
    assert json.loads(output.read_text())["results"] == first
    both = few_labels("lenses", output, labels=(12, 24), seeds=(0,), **options)
    assert both[0] == first[0]
    assert [(record["model"], record["labels"]) for record in both] == [("resnet18", 12), ("resnet18", 24)]
    assert [record["n"] for record in both] == [9, 9]
    # Four of each of three classes are twelve: that one is there.
    assert few_labels("lenses", output, labels=(4, 8), per_class=True, seeds=(0,), **options) == both
    # Of nine lenses, so many are right.
    assert all(9 * record["accuracy"] == pytest.approx(round(9 * record["accuracy"])) for record in both)
    assert list_runs() == []


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"models": ("vgg",)}, ConfigError, "no model 'vgg'"),
        ({"labels": (10_000,)}, DatasetError, "72 training lenses"),
    ],
)
def test_what_cannot_be_compared_is_refused(workspace_with_lenses, tmp_path, wrong, error, words):
    with pytest.raises(error, match=words):
        few_labels("lenses", tmp_path / "few.json", **wrong)
