"""A file read otherwise than it says."""

import numpy as np
import pytest
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import fit_image
from lensmae.data.images.read_options import Reading


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "lens.npy"
    np.save(path, np.random.default_rng(0).random((128, 128), dtype=np.float32))
    return path


def test_a_pixel_scale_that_is_given_decides_what_part_is_seen(file):
    silent, told = Reading().read(file, "lens.npy"), Reading(pixel_scale=0.05).read(file, "lens.npy")
    assert (silent.pixel_scale, told.pixel_scale) == (None, 0.05)
    assert "given as 0.05 arcsec; the file says none" in told.notes[-1]
    whole, part = fit_image(silent, 32, 0.05), fit_image(told, 32, 0.05)
    assert any("pixel scale is not known" in note for note in whole.notes)
    assert not any("not known" in note for note in part.notes)
    np.testing.assert_array_equal(part.pixels, silent.pixels[48:80, 48:80])
    np.testing.assert_allclose(whole.pixels, silent.pixels.reshape(32, 4, 32, 4).mean(axis=(1, 3)), rtol=1e-5)


def test_predict_takes_a_pixel_scale(file, tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    options = ["--classifier", "none", "--mae", "none", "--superres", "none", "--pixel-scale", "0.05", "--csv"]
    asked = CliRunner().invoke(cli.app, ["predict", str(file), *options])
    assert asked.exit_code == 0, asked.output
    assert ",0.05," in asked.stdout
