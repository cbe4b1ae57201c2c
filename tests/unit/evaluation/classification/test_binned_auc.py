import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from lensmae.data import open_dataset
from lensmae.data.columns import COLUMNS
from lensmae.evaluation.classification.binned_auc import (
    LARGEST,
    OFFSET,
    SNR,
    TO_RING,
    binned_auc,
    physical_parameters,
    signal_to_noise,
    spreads,
)

CLASSES = ("no_sub", "cdm", "axion")


@pytest.fixture
def lenses(workspace_with_lenses):
    return open_dataset("lenses")


def test_parameters_belong_to_the_lenses_that_have_them(lenses):
    known = physical_parameters(lenses, np.arange(90))
    classes = lenses.lenses["class"].to_numpy()
    assert (np.isfinite(known[COLUMNS["axion_mass_ev"].title]) == (classes == "axion")).all()
    assert (np.isfinite(known[LARGEST]) == (classes == "cdm")).all()
    assert np.isfinite(known[OFFSET]).all()
    # Noise-free images have no signal-to-noise ratio, and every lens has the same Einstein radius.
    assert SNR not in known
    assert not any("theta_E" in name for name in known)


def test_the_distance_to_the_ring_is_that_of_a_hand_computed_subhalo(lenses):
    row = int(np.flatnonzero(lenses.lenses["class"] == "cdm")[0])
    lens = lenses.lenses.iloc[row]
    largest = int(np.argmax(lens["subhalo_mass"]))
    radius = np.hypot(lens["subhalo_x"][largest], lens["subhalo_y"][largest])
    known = physical_parameters(lenses, np.arange(90))
    # The ring of Model II has 0.812 arcsec.
    assert known[TO_RING][row] == pytest.approx(abs(radius - 0.8121), abs=1e-3)


def test_a_known_signal_to_noise_ratio_is_measured():
    rng = np.random.default_rng(0)
    image = np.zeros((64, 64))
    image[20:40, 20:40] = 50.0
    measured = signal_to_noise(np.stack([image + rng.normal(size=image.shape) for _ in range(5)]))
    # 400 pixels of 50 over rms 1: 400 x 50 / sqrt(400).
    np.testing.assert_allclose(measured, 1000.0, rtol=0.15)


def test_auc_of_a_bin_is_that_of_scikit_learn_on_its_lenses():
    rng = np.random.default_rng(1)
    labels, values = rng.integers(0, 3, 300), rng.random(300)
    probabilities = rng.dirichlet(np.ones(3), 300)
    table = binned_auc(values, labels, probabilities, CLASSES, bins=3)
    for entry in table.itertuples():
        place = CLASSES.index(entry[1])
        inside = (values >= entry.low) & (values <= entry.high)
        if entry.high < values[labels == place].max():
            inside &= values < entry.high
        assert entry.auc == pytest.approx(roc_auc_score(labels[inside] == place, probabilities[inside, place]))
        assert entry.positives == (labels[inside] == place).sum()
        assert entry.auc_low <= entry.auc <= entry.auc_high


def test_a_parameter_of_one_class_is_measured_against_all_lenses_of_the_others():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 200)
    values = np.where(labels == 2, rng.random(200), np.nan)
    table = binned_auc(values, labels, rng.dirichlet(np.ones(3), 200), CLASSES, bins=2)
    assert set(table["class"]) == {"axion"}
    assert set(table["negatives"]) == {int((labels != 2).sum())}
    assert table["positives"].sum() == (labels == 2).sum()


def test_bins_of_too_few_lenses_are_left_out():
    assert isinstance(binned_auc(np.arange(6.0), np.arange(6) % 3, np.full((6, 3), 1 / 3), CLASSES), pd.DataFrame)
    assert binned_auc(np.arange(6.0), np.arange(6) % 3, np.full((6, 3), 1 / 3), CLASSES).empty


def test_a_parameter_spreads_where_no_value_is_that_of_half_of_the_lenses():
    assert spreads(np.linspace(0, 1, 10))
    assert not spreads(np.array([1.28] * 6 + [1.3, 1.4, 1.5, 1.6]))
    assert not spreads(np.array([1.28, 1.28, 1.3, 1.4, np.nan, np.nan]))
    assert not spreads(np.full(3, np.nan))
