"""Data sets on disk: whole or not there, the same whatever the number of processes."""

import json

import numpy as np
import pandas as pd
import pytest

from lensmae.data import delete_dataset, list_datasets, open_dataset, simulate_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.workspace import datasets_dir


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    return tmp_path


def test_the_number_of_processes_does_not_change_a_bit(home):
    one = simulate_dataset("model_ii", "one", per_class=24, seed=7, jobs=1)
    two = simulate_dataset("model_ii", "two", per_class=24, seed=7, jobs=2)
    assert one.info.fingerprint == two.info.fingerprint
    assert np.array_equal(one.images, two.images)
    pd.testing.assert_frame_equal(one.lenses, two.lenses)


def test_one_class_alone_has_the_lenses_that_it_has_among_all(home):
    whole = simulate_dataset("model_ii", "whole", per_class=4, seed=7, jobs=1)
    alone = simulate_dataset("model_ii", "alone", per_class=4, seed=7, classes=["axion"], jobs=1)
    assert alone.info.classes == ("axion",)
    assert alone.info.counts == {"axion": 4}
    assert np.array_equal(alone.images, whole.images[8:])
    columns = ["seed", "split", "axion_mass_ev"]
    assert alone.lenses[columns].values.tolist() == whole.lenses[columns][8:].values.tolist()
    with pytest.raises(DatasetError, match="model_ii has no class 'wimp'; it has no_sub, cdm, axion"):
        simulate_dataset("model_ii", "other", per_class=1, seed=7, classes=["wimp"], jobs=1)


def test_rows_splits_and_labels_describe_the_images(workspace_with_lenses):
    dataset = open_dataset("lenses")
    assert dataset.info.counts == {"no_sub": 30, "cdm": 30, "axion": 30}
    assert dataset.info.splits == {"train": 72, "validation": 9, "test": 9}
    parts = [dataset.indices(split) for split in ("train", "validation", "test")]
    assert sorted(np.concatenate(parts)) == list(dataset.indices("all"))
    assert [dataset.info.classes[label] for label in dataset.labels] == dataset.lenses["class"].tolist()
    assert isinstance(dataset.images, np.memmap)
    with pytest.raises(DatasetError, match="no split 'pie'"):
        dataset.indices("pie")


def test_pairs_keep_low_high_and_truth(workspace_with_lenses):
    pairs = open_dataset("pairs")
    assert pairs.is_pair
    assert (pairs.images.shape, pairs.targets.shape, pairs.truths.shape) == ((20, 75, 75), (20, 150, 150), (20, 150, 150))


def test_progress_counts_every_lens_and_an_interruption_leaves_nothing(home):
    seen = []
    simulate_dataset("model_ii", "whole", 5, 0, jobs=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (15, 15)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_dataset("model_ii", "never", 5, 0, jobs=1, progress=interrupt)
    assert [path.name for path in datasets_dir().iterdir()] == ["whole"]


def test_existing_names_bad_names_and_empty_sets_are_refused(home):
    simulate_dataset("model_ii", "taken", 1, 0, jobs=1)
    with pytest.raises(DatasetError, match="already exists"):
        simulate_dataset("model_ii", "taken", 1, 0, jobs=1)
    for name in ("../out", "", "a/b", ".hidden", "x" * 65):
        with pytest.raises(ConfigError, match="cannot name"):
            simulate_dataset("model_ii", name, 1, 0, jobs=1)
    with pytest.raises(DatasetError, match="at least 1"):
        simulate_dataset("model_ii", "none", 0, 0, jobs=1)


def test_half_written_and_damaged_sets_are_said_and_not_listed(home):
    folder = simulate_dataset("model_ii", "set", 2, 0, jobs=1).path
    record = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").unlink()
    assert list_datasets() == []
    with pytest.raises(DatasetError, match="incomplete"):
        open_dataset("set")
    (folder / "dataset.json").write_text(json.dumps(record | {"n": 99}))
    with pytest.raises(DatasetError, match="expected float32 of 99 images"):
        open_dataset("set")
    (folder / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        open_dataset("set")


def test_unknown_sets_say_what_there_is_and_deleted_ones_are_gone(home):
    simulate_dataset("model_ii", "mine", 1, 0, jobs=1)
    with pytest.raises(DatasetError, match="Known names: mine"):
        open_dataset("other")
    delete_dataset("mine")
    assert list_datasets() == []
    with pytest.raises(DatasetError, match="no data set 'mine'"):
        delete_dataset("mine")


def test_the_unit_that_earlier_versions_wrote_is_read_as_what_it_is(home):
    made = simulate_dataset("model_ii", "earlier", per_class=1, seed=7, jobs=1)
    assert made.info.flux_unit == "0.5 e-/s per pixel, noise-free"
    path = datasets_dir() / "earlier" / "dataset.json"
    path.write_text(path.read_text().replace("0.5 e-/s", "2 x e-/s"))
    assert "2 x e-/s" in path.read_text()
    assert open_dataset("earlier").info.flux_unit == "0.5 e-/s per pixel, noise-free"
