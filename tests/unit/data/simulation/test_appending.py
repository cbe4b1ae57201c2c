import json
import multiprocessing
import os

import numpy as np
import pytest

from lensmae.data import list_datasets, open_dataset, simulate_dataset, simulate_lens, simulate_row
from lensmae.data.simulation import appending
from lensmae.data.simulation.appending import append_lens
from lensmae.errors import ConfigError, DatasetError
from lensmae.workspace import datasets_dir


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    return tmp_path


def test_lenses_are_kept_with_their_row_and_can_be_made_again():
    lenses = [simulate_lens("survey_hst", name, seed) for seed, name in enumerate(("no_sub", "cdm", "axion", "cdm"))]
    splits = ("test", "train", "validation", "test")
    for lens, split in zip(lenses, splits, strict=True):
        append_lens("lab", "survey_hst", lens, split)
    kept = open_dataset("lab")
    assert kept.info.counts == {"no_sub": 1, "cdm": 2, "axion": 1}
    assert tuple(kept.lenses["split"]) == splits
    assert kept.lenses["id"].is_unique
    for lens, image, row in zip(lenses, kept.images, kept.lenses.to_dict("records"), strict=True):
        assert np.array_equal(image, lens.image)
        assert np.array_equal(simulate_row("survey_hst", row).image, image)


def test_a_set_that_was_simulated_as_a_whole_or_is_of_another_preset_is_left_alone():
    simulate_dataset("model_ii", "whole", per_class=1, seed=0, jobs=1)
    append_lens("lab", "model_ii", simulate_lens("model_ii", "cdm", 0))
    before = [info.fingerprint for info in list_datasets()]
    with pytest.raises(DatasetError, match="simulated as a whole"):
        append_lens("whole", "model_ii", simulate_lens("model_ii", "cdm", 0))
    with pytest.raises(DatasetError, match="of preset model_ii"):
        append_lens("lab", "model_iii", simulate_lens("model_iii", "cdm", 0))
    with pytest.raises(DatasetError, match="no split"):
        append_lens("lab", "model_ii", simulate_lens("model_ii", "cdm", 0), "tests")
    with pytest.raises(ConfigError):
        append_lens("../lab", "model_ii", simulate_lens("model_ii", "cdm", 0))
    assert [info.fingerprint for info in list_datasets()] == before


def test_a_failure_while_writing_leaves_the_set_as_it_was(monkeypatch):
    append_lens("lab", "model_ii", simulate_lens("model_ii", "cdm", 0))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(appending, "write_table", full)
    with pytest.raises(DatasetError, match="no room on the disk"):
        append_lens("lab", "model_ii", simulate_lens("model_ii", "cdm", 1))
    assert open_dataset("lab").info.n == 1
    assert [path.name for path in datasets_dir().iterdir() if path.suffix == ".partial"] == []


def test_a_process_that_dies_between_the_two_renames_loses_nothing():
    append_lens("lab", "model_ii", simulate_lens("model_ii", "cdm", 0))
    os.rename(datasets_dir() / "lab", datasets_dir() / ".lab.before")
    append_lens("lab", "model_ii", simulate_lens("model_ii", "axion", 1))
    assert open_dataset("lab").info.counts == {"no_sub": 0, "cdm": 1, "axion": 1}


def _append(seed):
    append_lens("lab", "model_ii", simulate_lens("model_ii", "no_sub", seed))


def test_writers_at_the_same_time_wait_for_each_other():
    with multiprocessing.get_context("fork").Pool(3) as pool:
        pool.map(_append, range(6))
    kept = open_dataset("lab")
    assert sorted(kept.lenses["seed"]) == list(range(6))
    assert json.loads((datasets_dir() / "lab/dataset.json").read_text())["n"] == 6
