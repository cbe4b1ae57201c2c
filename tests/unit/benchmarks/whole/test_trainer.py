import subprocess

import pytest

from benchmarks.whole import trainer
from benchmarks.whole.trainer import BEFORE
from lensmae.errors import ConfigError


def test_a_clone_without_the_other_version_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(trainer, "BEFORE", "0" * 40)
    with pytest.raises(ConfigError, match="Fetch the whole history"):
        trainer.trainer(lambda *_: None)


@pytest.mark.benchmark
def test_both_versions_of_the_trainer_are_timed():
    if subprocess.run(["git", "cat-file", "-e", BEFORE], capture_output=True).returncode:
        pytest.skip(f"this clone has no commit {BEFORE}; it was fetched without its history")
    size = {"encoder_layers": 1, "emb_dim": 24, "patch_size": 8, "linear_prior": 16}
    found = trainer.trainer(lambda *_: None, rounds=1, steps=2, recipes={"pretrain no-sub-cpu": 8}, **size)
    assert set(found.ratio["pretrain no-sub-cpu"]) == {"now", "now, float32"}
    speeds = found.images_per_second["pretrain no-sub-cpu"]
    assert found.ratio["pretrain no-sub-cpu"]["now"] == pytest.approx(speeds["now"] / speeds["before"])
