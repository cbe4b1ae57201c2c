"""The wheel, installed outside the clone, is whole: command, weights, pages."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from playwright.sync_api import expect

import lensmae
from lensmae.data import simulate_lens
from lensmae.models import load_checkpoint
from tests.browser.conftest import ROOT, Console, assert_no_error, finished, free_port, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel of the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    subprocess.run([*pip, "--wheel-dir", folder, ROOT], check=True)
    return next(folder.glob("lensmae-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed(arguments)` runs the command of a fresh environment with the wheel, in an empty folder of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(pip, check=True)
    # The libraries are this environment's; LensMAE itself is the wheel's, which stands before them.
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "LENSMAE_HOME")}
    (folder / "empty").mkdir()

    def run(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess:
        command = [folder / "venv/bin/lensmae", *map(str, arguments)]
        return subprocess.run(command, cwd=folder / "empty", env=environment | more, capture_output=True, text=True, timeout=300)

    run.script = folder / "venv/bin/lensmae"
    run.where = subprocess.run(
        [python, "-c", "import lensmae; print(lensmae.__file__)"],
        cwd=folder / "empty",
        env=environment,
        capture_output=True,
        text=True,
    ).stdout
    return run


def test_the_wheel_has_what_the_clone_shows_and_nothing_of_its_tests(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("pages", "checkpoints"):
        for path in (ROOT / folder).iterdir():
            assert not path.is_file() or f"lensmae/_shipped/{folder}/{path.name}" in inside
    for path in (ROOT / "lensmae").rglob("*"):
        assert path.is_dir() or "__pycache__" in path.parts or path.relative_to(ROOT).as_posix() in inside
    assert {name.split("/")[0] for name in inside} == {"lensmae", f"lensmae-{lensmae.__version__}.dist-info"}


def test_the_command_says_its_version_and_completes_itself(installed):
    assert "venv" in installed.where
    assert installed("--version").stdout == f"lensmae {lensmae.__version__}\n"
    completions = installed(_LENSMAE_COMPLETE="complete_bash", COMP_WORDS="lensmae pre", COMP_CWORD="1").stdout
    assert completions.split() == ["predict"]
    assert "_LENSMAE_COMPLETE=complete_bash" in installed("--show-completion", "bash").stdout


def test_predict_answers_a_fits_file_with_the_weights_of_the_wheel(installed, tmp_path):
    pixels = simulate_lens("model_ii", "axion", seed=3).image
    fits.PrimaryHDU(pixels).writeto(tmp_path / "lens.fits")
    result = installed("predict", tmp_path / "lens.fits", "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    expected = load_checkpoint(said["checkpoints"]["classifier"]).predict(pixels[None])[0]
    assert np.allclose(list(said["images"][0]["probabilities"].values()), expected, atol=1e-4)


@pytest.mark.browser
def test_the_dashboard_opens_from_the_wheel(installed, chromium, tmp_path):
    port = free_port()
    command = [str(installed.script), "dashboard", "--no-browser", "--port", str(port)]
    with serving(command, port, tmp_path, cwd=tmp_path, PYTHONPATH="") as address:
        context = chromium.new_context(viewport={"width": 1440, "height": 1000})
        page = context.new_page()
        page.console = Console(page, address)
        page.goto(f"{address}/data")
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=90_000)
        finished(page)
        assert_no_error(page)
        # The clone's settings hold in the wheel too: for one, Streamlit's menu is that of visitors.
        expect(page.get_by_role("link", name="Reconstruction")).to_be_visible()
        context.close()
