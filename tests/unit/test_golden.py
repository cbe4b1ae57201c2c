"""What `predict`, `evaluate` and `report` say of a small simulated set keeps its keys and, to rounding, its values.

Whoever means to change them writes the files in tests/golden anew, and says so in CHANGELOG:

    LENSMAE_WRITE_GOLDEN=1 python -m pytest tests/unit/test_golden.py
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import open_dataset
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.references import save_reference
from lensmae.models import find_checkpoint, load_checkpoint
from lensmae.models.registry import reference_path
from tests.models import save_small_networks

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
COMMANDS = {
    "predict": "predict lens.npy empty.npy --classifier small-classifier --mae small-mae --superres small-superres --json",
    "evaluate_mae": "evaluate small-mae lenses --json",
    "evaluate_classifier": "evaluate small-classifier lenses --json",
    "evaluate_superres": "evaluate small-superres pairs --json",
    "report": "report lenses pairs --checkpoint small-mae --checkpoint small-classifier --checkpoint small-superres --stressed 0 "
    "--folder report",
}
# Of the machine and the day.
CHANGING = {"images_per_second", "date", "measured", "machine", "lensmae"}
# What is fitted while it is measured: another machine's rounding may swap lenses of a ranking, of which there are few here.
FITTED, RANKS = ".simple_classifiers.", 0.1


@pytest.fixture
def workspace(workspace_with_lenses, monkeypatch):
    save_small_networks(workspace_with_lenses)
    for kind in ("mae", "classifier"):
        path = find_checkpoint(f"small-{kind}")
        save_reference(reference_path(path), fit_reference(load_checkpoint(path), open_dataset("lenses"), 40, 9))
    monkeypatch.chdir(workspace_with_lenses)
    np.save("lens.npy", np.array(open_dataset("lenses").images[40]))
    np.save("empty.npy", np.zeros((64, 64), np.float32))
    return workspace_with_lenses


def said(command):
    """The JSON that a command prints or writes, without what changes."""
    result = CliRunner().invoke(cli.app, COMMANDS[command].split())
    assert result.exit_code == 0, result.output
    text = Path("report/results.json").read_text() if command == "report" else result.stdout
    return steady(json.loads(text))


def steady(value):
    if isinstance(value, dict):
        return {name: steady(one) for name, one in value.items() if name not in CHANGING}
    return [steady(one) for one in value] if isinstance(value, list) else value


def leaves(value, name=""):
    """Every number, text and null of a record, by its path."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {path: leaf for key, one in items for path, leaf in leaves(one, f"{name}.{key}").items()}
    return {name: value}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_record_has_the_keys_and_values_that_it_had(workspace, command):
    path = GOLDEN / f"{command}.json"
    found = said(command)
    if os.environ.get("LENSMAE_WRITE_GOLDEN"):
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    found, kept = leaves(found), leaves(json.loads(path.read_text(encoding="utf-8")))
    assert found.keys() == kept.keys()
    numbers = {name for name, value in kept.items() if isinstance(value, float)}
    for name in numbers:
        near = RANKS if name.startswith(FITTED) else 2e-6
        assert found[name] == pytest.approx(kept[name], rel=2e-3, abs=near), name
    assert {name: found[name] for name in kept if name not in numbers} == {
        name: kept[name] for name in kept if name not in numbers
    }
