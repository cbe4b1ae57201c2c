"""One bad record never hides the others: it is listed with its reason, and everything else goes on."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from lensmae.cli import app
from lensmae.data import list_datasets, open_dataset
from lensmae.data.store.dataset import damaged_datasets
from lensmae.errors import CheckpointError, DatasetError, RunError
from lensmae.models import damaged_checkpoints, list_checkpoints, load_checkpoint, read_card
from lensmae.training import create_run, delete_run, list_runs, make_config, read_metrics
from lensmae.training.folder import MetricsFile
from tests.damage import CARDS, CURVES, RUNS, SETS, SETS_FOUND_LATER, damage_checkpoints, damage_runs, damage_sets
from tests.models import save_small_networks


def command(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def home(workspace_with_lenses):
    return workspace_with_lenses


@pytest.fixture
def runs(home):
    create_run(make_config("pretrain", data="lenses"), "good")
    damage_runs(home, home / "runs/good")
    return home


def test_damaged_sets_are_named_beside_the_good_ones(home):
    good = [info.name for info in list_datasets()]
    damage_sets(home, "lenses", SETS)
    assert [info.name for info in list_datasets()] == good
    assert {one.name for one in damaged_datasets()} == set(SETS)
    assert all(one.reason for one in damaged_datasets())
    said = command("data", "--json")
    assert said.exit_code == 0
    assert [info["name"] for info in json.loads(said.stdout)] == good
    assert "Damaged data set 'cut-images': images.npy is cut short" in said.stderr


def test_what_no_record_shows_is_said_when_a_set_is_opened(home):
    damage_sets(home, "lenses", SETS_FOUND_LATER)
    with pytest.raises(DatasetError, match=r"lenses\.parquet cannot be read"):
        open_dataset("aa-bad-table")


def test_a_copied_set_is_known_by_its_folder(home):
    damage_sets(home, "lenses", {"copy": lambda folder: None})
    assert open_dataset("copy").name == "copy"


def test_damaged_checkpoints_are_named_beside_the_good_ones(home):
    save_small_networks(home)
    good = [entry.name for entry in list_checkpoints()]
    damage_checkpoints(home, home / "checkpoints/small-mae.safetensors")
    assert [entry.name for entry in list_checkpoints()] == good
    expected = {*CARDS, "deep", "odd-metrics", "foreign", "random", "empty"}
    assert {one.name for one in damaged_checkpoints()} == expected
    said = command("checkpoints")
    assert said.exit_code == 0
    assert "small-mae" in said.stdout
    assert "negative-heads" in said.stderr
    for name in expected:
        with pytest.raises(CheckpointError, match=name):
            load_checkpoint(name)


def test_weights_that_are_no_numbers_are_refused(home):
    save_small_networks(home)
    path = home / "checkpoints/small-mae.safetensors"
    weights, card = load_file(path), read_card(path)
    next(iter(weights.values())).view(-1)[0] = torch.nan
    save_file(weights, home / "checkpoints/nan.safetensors", metadata={"lensmae": card.model_dump_json()})
    with pytest.raises(CheckpointError, match="not finite"):
        load_checkpoint("nan")


def test_damaged_runs_are_listed_with_their_reason_and_can_be_deleted(runs):
    found = {status.id: status for status in list_runs()}
    assert set(found) == {"good", *RUNS, *CURVES}
    assert {name for name, status in found.items() if status.state == "damaged"} == set(RUNS)
    assert all(found[name].message for name in RUNS)
    said = command("runs")
    assert said.exit_code == 0
    assert "no-zone" in said.stdout
    for name in RUNS:
        delete_run(name)
    assert {status.id for status in list_runs()} == {"good", *CURVES}


@pytest.mark.parametrize("name", CURVES)
def test_a_damaged_curve_is_said_and_a_resumed_run_begins_a_new_one(runs, name):
    with pytest.raises(RunError, match=r"metrics\.csv is damaged"):
        read_metrics(name)
    curve = MetricsFile(runs / "runs" / name / "metrics.csv", step=100)
    curve.append({"step": 101, "train_loss": 0.5})
    assert np.array_equal(read_metrics(name)["step"], [101])
    assert (runs / "runs" / name / "metrics.csv.damaged").read_bytes() == CURVES[name]
