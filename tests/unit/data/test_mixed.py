"""A set with lenses as files hold them."""

import numpy as np
import pandas as pd

from lensmae.data import simulate_dataset
from lensmae.data.mixed import MIXTURE, mix_nuisances


def test_a_mixed_set_says_what_was_done_to_each_lens_and_leaves_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    plain = simulate_dataset("model_ii", "plain", 6, 5, jobs=1)
    mixed = simulate_dataset("model_ii", "mixed", 6, 5, jobs=1, finish=mix_nuisances)
    same = np.array([np.array_equal(*pair) for pair in zip(plain.images, mixed.images, strict=True)])
    np.testing.assert_array_equal(same, mixed.lenses["nuisance"] == "none")
    assert 0 < same.sum() < len(same)
    np.testing.assert_array_equal(mixed.lenses["nuisance_strength"].isna(), same)
    assert mixed.lenses["id"].tolist() == plain.lenses["id"].tolist()
    assert plain.info.flux_unit.removesuffix(", noise-free") == mixed.info.flux_unit
    assert np.isfinite(mixed.images).all()


def test_noise_is_as_strong_as_the_table_says_and_one_seed_gives_one_set():
    image = np.zeros((64, 64), dtype=np.float32)
    image[30:34, 30:34] = 5.0
    first, second = (np.repeat(image[None], 200, axis=0) for _ in range(2))
    table = mix_nuisances(first, pd.DataFrame(index=range(200)), 1)
    mix_nuisances(second, pd.DataFrame(index=range(200)), 1)
    np.testing.assert_array_equal(first, second)
    assert set(table["nuisance"]) == {"none", *MIXTURE}
    noisy = table["nuisance"] == "noise"
    rms = first[noisy][:, :20].std(axis=(1, 2))
    np.testing.assert_allclose(rms, 5.0 * table["nuisance_strength"][noisy], rtol=0.1)


def test_every_split_has_its_part_of_every_nuisance():
    splits = np.repeat(["train", "validation", "test"], [240, 30, 30])
    table = mix_nuisances(np.random.default_rng(0).random((300, 16, 16), dtype=np.float32), pd.DataFrame({"split": splits}), 3)
    counts = pd.crosstab(table["split"], table["nuisance"])
    assert counts["none"].to_dict() == {"train": 96, "validation": 12, "test": 12}
    assert (counts[list(MIXTURE)].loc["test"] == 3).all()
    assert (counts[list(MIXTURE)].loc["train"] == 24).all()
