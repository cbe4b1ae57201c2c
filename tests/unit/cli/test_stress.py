"""`lensmae stress`: the same table as from Python, as JSON and CSV."""

import io
import json

import numpy as np
import pandas as pd

from lensmae.data import open_dataset
from lensmae.evaluation.stress.run import StressTested, stress
from lensmae.models import load_checkpoint
from tests.unit.test_cli import call, refused


def test_json_and_csv_hold_the_same_rows_as_python(classifier, tmp_path):
    options = ("--limit", 10, "--nuisance", "noise")
    result = call("stress", classifier, "lenses", *options, "--json", "--out", tmp_path / "table.csv")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    expected = stress([StressTested(load_checkpoint(classifier))], open_dataset("lenses"), limit=10, nuisances=["noise"])
    assert [row["nuisance"] for row in rows] == expected["nuisance"].tolist()
    np.testing.assert_allclose([row["value"] for row in rows], expected["value"])
    assert rows[0]["answered"] is None
    written = pd.read_csv(tmp_path / "table.csv")
    np.testing.assert_allclose(written["auc"], expected["auc"])


def test_several_checkpoints_stand_in_one_table(classifier, mae):
    result = call("stress", classifier, mae, "lenses", "--limit", 10, "--nuisance", "mirror", "--csv")
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(io.StringIO(result.stdout))
    assert table.groupby("checkpoint").size().to_dict() == {classifier: 2, mae: 2}
    assert set(table["metric"]) == {"accuracy", "error ratio"}


def test_wrong_names_are_plain_messages(classifier):
    assert refused(call("stress", classifier, "lenses", "--nuisance", "rain"), "no nuisance 'rain'")
    assert refused(call("stress", classifier, "lenses", "--json", "--csv"), "one of --json and --csv")
