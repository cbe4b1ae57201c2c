import pytest

from benchmarks.recipes import recipes
from lensmae.data import list_datasets
from lensmae.training import RECIPES


@pytest.mark.benchmark
def test_every_recipe_of_a_kind_is_timed_and_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    small = {"backbone": "edsr", "init": "scratch", "width": 4, "depth": 1, "batch_size": 4}
    result = recipes(lambda *_: None, seconds=0.1, only=("superres",), **small)
    assert set(result.recipes) == {f"superres {name}" for name in RECIPES["superres"]}
    timed = result.recipes["superres reference"]
    assert timed["passes"] == 50 * 6400
    assert timed["hours"] * 3600 * timed["images_per_second"] == pytest.approx(timed["passes"])
    assert list_datasets() == []
