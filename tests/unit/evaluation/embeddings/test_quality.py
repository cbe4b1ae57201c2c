import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness as reference_trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from lensmae.evaluation.embeddings import quality
from lensmae.evaluation.embeddings.quality import embedding_quality, trustworthiness


@pytest.fixture
def lenses(workspace_with_lenses):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    return (rng.normal(size=(3, 8))[labels] + rng.normal(size=(200, 8))).astype(np.float32), labels, rng.random(200) < 0.7


def test_accuracies_are_of_models_fitted_to_the_training_split_and_measured_on_the_others(lenses):
    embeddings, labels, train = lenses
    scaler = StandardScaler().fit(embeddings[train])
    linear = LogisticRegression(max_iter=500).fit(scaler.transform(embeddings[train]), labels[train])
    votes = KNeighborsClassifier(10).fit(embeddings[train], labels[train])
    found = embedding_quality(*lenses)
    assert found.linear == linear.score(scaler.transform(embeddings[~train]), labels[~train])
    assert found.neighbours == votes.score(embeddings[~train], labels[~train])
    assert found.majority == pytest.approx((labels[~train] == np.bincount(labels[train]).argmax()).mean())
    assert (found.train, found.measured) == (train.sum(), (~train).sum())
    assert found.silhouette == pytest.approx(silhouette_score(embeddings, labels), rel=1e-5)


def test_figures_are_kept_and_read_again(lenses, monkeypatch):
    first = embedding_quality(*lenses)
    monkeypatch.setattr(quality, "_measure", None)
    assert embedding_quality(*lenses) == first


def test_without_lenses_of_the_training_split_there_is_no_accuracy(lenses):
    embeddings, labels, train = lenses
    found = embedding_quality(embeddings, labels, np.zeros_like(train))
    assert np.isnan(found.linear)
    assert np.isnan(found.neighbours)
    assert np.isfinite(found.silhouette)


def test_one_class_has_no_silhouette(lenses):
    assert np.isnan(embedding_quality(lenses[0], np.zeros(200, dtype=int), lenses[2]).silhouette)


def test_trustworthiness_is_scikit_learns(lenses):
    embeddings = lenses[0]
    expected = reference_trustworthiness(embeddings, embeddings[:, :2], n_neighbors=15)
    assert trustworthiness(embeddings, embeddings[:, :2]) == pytest.approx(expected)
    assert trustworthiness(embeddings, embeddings) == 1.0
    assert np.isnan(trustworthiness(embeddings[:3], embeddings[:3, :2]))
