import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from lensmae.data import open_dataset
from lensmae.evaluation.classification.baselines import classification_baselines, mass_regression
from lensmae.evaluation.embeddings.embed import embed_dataset
from lensmae.models import load_checkpoint


def test_the_linear_probe_is_a_logistic_regression_on_frozen_features(mae):
    dataset, model = open_dataset("lenses"), load_checkpoint(mae)
    train, rows = dataset.indices("train"), np.concatenate([dataset.indices("validation"), dataset.indices("test")])
    found = classification_baselines(dataset, rows, model)
    features = embed_dataset(model, dataset, train)
    scaler = StandardScaler().fit(features)
    probe = LogisticRegression(max_iter=2000).fit(scaler.transform(features), dataset.labels[train])
    chances = probe.predict_proba(scaler.transform(embed_dataset(model, dataset, rows)))
    expected = roc_auc_score(dataset.labels[rows], chances, multi_class="ovr")
    assert found["linear_probe"]["macro_auc"] == pytest.approx(expected, abs=1e-6)
    assert found["linear_probe"]["encoder"] == mae


def test_masses_are_regressed_linearly_on_axion_lenses_alone(workspace_with_lenses):
    dataset = open_dataset("lenses")
    truth = np.log10(dataset.lenses["axion_mass_ev"].to_numpy())
    trained = np.intersect1d(dataset.indices("train"), np.flatnonzero(np.isfinite(truth)))
    estimates, count = mass_regression(dataset, trained)
    assert count == 24
    # As many components as lenses but one fit all of them exactly.
    np.testing.assert_allclose(estimates, truth[trained], atol=1e-4)
    assert mass_regression(dataset, trained[:0]) is None
    assert mass_regression(open_dataset("pairs"), np.arange(3)) is None
