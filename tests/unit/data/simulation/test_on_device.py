"""Data sets made by array operations on a device hold the lenses that lenstronomy makes of the same seeds."""

import numpy as np
import pytest

from lensmae.data import PRESETS, simulate_dataset
from lensmae.data.simulation.lenses import simulate_lens
from lensmae.data.simulation.on_device import check_device, simulate_rows
from lensmae.errors import DatasetError


@pytest.mark.parametrize("preset", [name for name in PRESETS if name not in ("survey_hst", "survey_jwst", "survey")])
def test_a_set_of_a_device_is_lenstronomys_to_rounding(preset, tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    made, reference = (
        simulate_dataset(preset, f"set-{device}", per_class=2, seed=5, jobs=1, device=device) for device in ("cpu", None)
    )
    assert made.lenses.equals(reference.lenses)
    assert made.info.splits == reference.info.splits
    for ours, theirs in ((made.images, reference.images), (made.targets, reference.targets), (made.truths, reference.truths)):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            peak = np.abs(theirs).max((1, 2), keepdims=True)
            # The noise is the same too: Model I's photons are counted alike.
            assert np.abs(ours - theirs).max() <= (1e-6 * peak).max()


def test_lenses_of_several_strata_and_classes_come_back_in_their_order():
    lenses = [simulate_lens("generalist", kind, seed) for seed in range(6) for kind in ("cdm", "galaxy", "no_sub")]
    again = simulate_rows("generalist", [lens.parameters for lens in lenses], "cpu")
    assert len({lens.parameters["stratum"] for lens in lenses}) > 3
    for one, other in zip(again, lenses, strict=True):
        assert one.parameters == other.parameters
        np.testing.assert_allclose(one.image, other.image, rtol=0, atol=1e-6 * np.abs(other.image).max())


@pytest.mark.parametrize("name", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_named(name, tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=f"no device '{name}'"):
        check_device(name)
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    with pytest.raises(DatasetError, match=f"no device '{name}'"):
        simulate_dataset("model_ii", "set", per_class=1, seed=0, device=name)
    assert not (tmp_path / "datasets" / "set").exists()
