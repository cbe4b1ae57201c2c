import pytest

from benchmarks.device_simulation import device_simulation
from lensmae.data import PRESETS


def test_every_preset_is_timed_and_compared_with_lenstronomy(monkeypatch):
    chosen = {name: PRESETS[name] for name in ("model_ii", "galaxies")}
    monkeypatch.setattr("benchmarks.device_simulation.PRESETS", chosen)
    monkeypatch.setattr("benchmarks.device_simulation._COMPARED", 1)
    told = []
    result = device_simulation(lambda done, total: told.append((done, total)), rounds=1, batch=3)
    assert told == [(1, 2), (2, 2)]
    assert set(result.presets) == set(chosen)
    for speed in result.presets.values():
        assert speed.ratio == pytest.approx(speed.batched / speed.lenstronomy)
        assert speed.difference32 < 1e-4
        assert speed.difference64 < 1e-8
