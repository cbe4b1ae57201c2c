"""`lensmae locate` and `lensmae sensitivity` without a browser."""

import json

import numpy as np
import pytest
from astropy.io import fits
from typer.testing import CliRunner

from lensmae.cli import app
from tests.models import save_small_networks


@pytest.fixture
def run(workspace_with_lenses):
    save_small_networks(workspace_with_lenses)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_locate_says_by_class_whether_maps_locate(run):
    result = run("locate", "small-mae", "lenses", "--masks", "2", "--limit", "8", "--split", "all", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert set(figures) == {"cdm", "axion"}
    assert figures["cdm"]["lenses"] == 8
    assert figures["cdm"]["locates"] is False


def test_locate_needs_an_autoencoder(run):
    result = run("locate", "small-classifier", "lenses")
    assert result.exit_code == 2
    assert "anomaly maps need an MAE" in result.stderr


def test_sensitivity_writes_both_maps(run, tmp_path):
    result = run("sensitivity", "lenses", "40", str(tmp_path / "maps.fits"), "--mass", "1e10", "--positions", "4", "--json")
    assert result.exit_code == 0, result.output
    with fits.open(tmp_path / "maps.fits") as units:
        assert units[0].data.shape == units["FITTED"].data.shape == (4, 4)
        assert (units["FITTED"].data <= units[0].data * 1.001).all()
        assert units[0].header["PIXSCALE"] == pytest.approx(16 * 0.101)
    assert json.loads(result.stdout)["largest"] == pytest.approx(float(np.max(fits.getdata(tmp_path / "maps.fits", "FITTED"))))


def test_sensitivity_names_what_is_wrong(run, tmp_path):
    assert "ends neither in" in run("sensitivity", "lenses", "0", str(tmp_path / "maps.txt")).stderr
    assert "no simulated lens 90" in run("sensitivity", "lenses", "90", str(tmp_path / "maps.npy")).stderr
