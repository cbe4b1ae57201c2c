"""`lensmae gallery` writes the documentation's pictures."""

import pytest
from PIL import Image
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import PRESETS
from lensmae.evaluation.reconstruction.frames import RATIOS
from tests.models import save_small_networks


@pytest.mark.slow
def test_every_preset_has_its_picture_and_the_mask_ratio_its_animation(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    save_small_networks(tmp_path)
    result = CliRunner().invoke(cli.app, ["gallery", "--output", str(tmp_path / "docs"), "--lenses", "1", "--mae", "small-mae"])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "docs/presets.md").read_text()
    for name, preset in PRESETS.items():
        assert f"(presets/{name}.png)" in page
        picture = Image.open(tmp_path / f"docs/presets/{name}.png")
        assert picture.height > len(preset.classes) * 32
    assert Image.open(tmp_path / "docs/mask_ratio.gif").n_frames == len(RATIOS)
