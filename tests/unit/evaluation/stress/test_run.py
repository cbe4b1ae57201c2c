"""The stress test against figures computed by hand, and what must not change under which nuisance."""

import numpy as np
import pandas as pd
import pytest
import torch
from skimage.restoration import inpaint_biharmonic
from sklearn.metrics import accuracy_score, roc_auc_score

from lensmae.data import open_dataset
from lensmae.data.nuisances import NUISANCES
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.reconstruction.inpainting import error_ratios
from lensmae.evaluation.stress.conditions import AS_GIVEN, OTHER_PRESET, conditions, other_pairs, other_presets
from lensmae.evaluation.stress.intervals import bootstrap_interval, macro_auc, share_interval
from lensmae.evaluation.stress.run import COLUMNS, StressTested, stress
from lensmae.models import bicubic_upsample, load_checkpoint
from tests.unit.conftest import CLASSES


@pytest.fixture
def lenses(workspace_with_lenses):
    return open_dataset("lenses")


def test_wilsons_interval_is_that_of_the_formula():
    right, count, z = 45, 54, 1.959964
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    assert share_interval(np.arange(count) < right) == pytest.approx((middle - half, middle + half), rel=1e-5)


def test_the_bootstrap_interval_of_a_mean_is_about_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = bootstrap_interval(len(values), lambda rows: values[rows].mean())
    assert (high - low) == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.15)
    assert low < values.mean() < high
    assert all(np.isnan(bootstrap_interval(5, lambda rows: float("nan"))))


def test_the_macro_auc_and_its_interval_are_those_of_resampling_lenses():
    rng = np.random.default_rng(1)
    labels = np.arange(120) % 3
    scores = rng.random((120, 3)) + 0.6 * np.eye(3)[labels]
    chances = scores / scores.sum(axis=1, keepdims=True)
    area, low, high = macro_auc(labels, chances)
    assert area == pytest.approx(roc_auc_score(labels, chances, multi_class="ovr"), rel=1e-5)
    again = [rng.integers(120, size=120) for _ in range(100)]
    expected = np.percentile([roc_auc_score(labels[rows], chances[rows], multi_class="ovr") for rows in again], [2.5, 97.5])
    assert (low, high) == pytest.approx(tuple(expected), abs=0.03)
    assert all(np.isnan(macro_auc(np.zeros(5, int), chances[:5])))


def test_every_nuisance_is_tested_at_every_strength():
    found = conditions()
    assert found[0].nuisance == AS_GIVEN
    assert len(found) == 1 + sum(len(one.strengths) for one in NUISANCES.values())
    assert {one.nuisance for one in conditions(["sky"])} == {AS_GIVEN, "sky"}
    with pytest.raises(ConfigError, match="no nuisance 'rain'"):
        conditions(["rain"])


def test_figures_of_a_classifier_are_scikit_learns(lenses, classifier):
    model = load_checkpoint(classifier)
    table = stress([StressTested(model)], lenses, split="all", limit=45, nuisances=["mirror", "sky"])
    assert list(table.columns) == list(COLUMNS)
    assert table["nuisance"].tolist() == [AS_GIVEN, *["sky"] * 0, "mirror", "sky", "sky", "sky"]
    rows = lenses.indices("all")
    rows = rows[np.linspace(0, len(rows) - 1, 45).round().astype(int)]
    chances = model.predict(np.asarray(lenses.images[rows]))
    truth = np.array([CLASSES.index(lenses.info.classes[label]) for label in lenses.labels[rows]])
    given = table.iloc[0]
    assert given["value"] == pytest.approx(accuracy_score(truth, chances.argmax(axis=1)))
    assert given["auc"] == pytest.approx(roc_auc_score(truth, chances, multi_class="ovr"))
    assert given["low"] < given["value"] < given["high"]
    # Averaged over the eight symmetries, a mirrored lens gets the same answer.
    assert table.iloc[1][["value", "auc"]].tolist() == pytest.approx(given[["value", "auc"]].tolist())
    assert np.isnan(given["answered"])


def test_the_share_answered_is_measured_where_there_is_a_reference(lenses, classifier):
    model = load_checkpoint(classifier)
    table = stress([StressTested(model, fit_reference(model, lenses, 60, 9))], lenses, limit=20, nuisances=["noise"])
    assert table["answered"].between(0, 1).all()
    # Strong noise is no lens to a network of noise-free ones.
    assert table["answered"].iloc[-1] < table["answered"].iloc[0]


def test_the_masked_error_is_compared_with_biharmonic_inpainting(lenses, mae):
    model, images = load_checkpoint(mae), np.array(lenses.images[:3])
    ratios = error_ratios(model, images)
    drawn = model.predict(images, mask_ratio=0.75, seed=0)
    for image, prediction, mask, ratio in zip(images, drawn.prediction, drawn.mask, ratios, strict=True):
        filled = inpaint_biharmonic(image, mask)
        assert ratio == pytest.approx(
            np.square(prediction - image)[mask].mean() / np.square(filled - image)[mask].mean(), rel=1e-3
        )
    table = stress([StressTested(model)], lenses, limit=10, nuisances=["min_max"])
    assert table["metric"].tolist() == ["error ratio"] * 2
    rows = lenses.indices("test")
    rows = rows[np.linspace(0, len(rows) - 1, min(10, len(rows))).round().astype(int)]
    assert table["worse"].iloc[0] == pytest.approx((error_ratios(model, np.array(lenses.images[rows])) > 1).mean())


def test_super_resolution_is_compared_with_bicubic_interpolation(workspace_with_lenses, superres):
    pairs, model = open_dataset("pairs"), load_checkpoint(superres)
    table = stress([StressTested(model)], pairs, split="all", limit=10, nuisances=["gain", "levels"])
    low, high = np.array(pairs.images)[:10], np.array(pairs.targets)[:10]
    rows = pairs.indices("all")
    rows = rows[np.linspace(0, len(rows) - 1, 10).round().astype(int)]
    low, high = np.array(pairs.images[rows]), np.array(pairs.targets[rows])

    def error(drawn):
        return np.square(drawn.astype(float) - high).mean(axis=(1, 2))

    least, span = low.min(axis=(1, 2), keepdims=True), np.ptp(low, axis=(1, 2), keepdims=True)
    drawn = model.predict((low - least) / span) * span + least
    expected = 10 * np.log10(error(bicubic_upsample(low, 2)) / error(drawn))
    assert table["value"].iloc[0] == pytest.approx(expected.mean(), rel=1e-3, abs=1e-4)
    # Another flux unit changes nothing.
    assert table.loc[table["nuisance"] == "gain", "value"].tolist() == pytest.approx([expected.mean()] * 3, abs=0.01)
    assert set(table["nuisance"]) == {AS_GIVEN, "gain", "levels"}


def test_a_super_resolver_is_tested_on_pairs_of_every_preset(workspace_with_lenses, superres):
    table = stress([StressTested(load_checkpoint(superres))], open_dataset("pairs"), split="all", limit=2)
    other = table[table["nuisance"] == OTHER_PRESET]
    pairs = other_pairs(2)
    assert other["label"].tolist() == [condition.label for condition, _, _ in pairs]
    assert {"survey_hst", "survey_hst, pixels binned", "galaxies"} <= set(other["label"])
    assert other["n"].tolist() == [2] * len(pairs)
    for condition, low, high in pairs:
        assert (low.shape, high.shape) == ((2, 32, 32), (2, 64, 64))
        assert (high.min(), high.max()) == (0.0, 1.0)
        binned = high.reshape(2, 32, 2, 32, 2).mean(axis=(2, 4))
        assert np.allclose(low, binned, atol=1e-6) == condition.label.endswith("binned")


def test_other_presets_are_simulated_with_their_labels():
    found = other_presets("model_ii", 12, 64)
    assert [condition.label for condition, _, _ in found] == ["model_iii"]
    assert found[0][1].shape == (12, 64, 64)
    assert np.bincount(found[0][2]).tolist() == [4, 4, 4]
    assert other_presets("model_ii", 12, 100) == []


def test_a_set_that_fits_no_checkpoint_is_a_plain_message(lenses, classifier, superres):
    with pytest.raises(DatasetError, match="no HR targets"):
        stress([StressTested(load_checkpoint(superres))], lenses)
    with pytest.raises(ConfigError, match="at least one"):
        stress([], lenses)


def test_the_same_call_gives_the_same_table(lenses, classifier):
    model = load_checkpoint(classifier)
    tables = [stress([StressTested(model)], lenses, limit=10, nuisances=["noise", "bad_pixels"]) for _ in range(2)]
    pd.testing.assert_frame_equal(*tables)


def test_images_under_a_condition_are_those_of_the_one_definition(lenses):
    images = np.array(lenses.images[:2])
    condition = next(one for one in conditions(["gain"]) if one.strength == 10.0)
    np.testing.assert_allclose(condition.apply(images), 10 * images, rtol=1e-6)
    assert torch.is_tensor(NUISANCES["gain"].apply(torch.from_numpy(images), 10.0, torch.Generator()))
