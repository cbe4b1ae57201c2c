import ast
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from lensmae.data import open_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation import embed_dataset, project
from lensmae.models import load_checkpoint
from lensmae.workspace import workspace


def clusters(count=40, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 16)) * 20
    labels = np.arange(count) % 3
    return (centres[labels] + rng.normal(size=(count, 16))).astype(np.float32), labels


def test_embeddings_are_the_models_features_of_the_asked_rows_in_their_order(mae):
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    rows = np.array([80, 3, 41])
    expected = [model.embed(np.array(dataset.images[row])[None])[0] for row in rows]
    np.testing.assert_allclose(embed_dataset(model, dataset, rows), expected, rtol=1e-4, atol=1e-5)


def test_embeddings_are_kept_on_disk_and_told_apart_by_model_and_rows(mae, classifier):
    dataset, rows = open_dataset("lenses"), np.arange(5)
    model, told = load_checkpoint(mae), []
    first = embed_dataset(model, dataset, rows, progress=lambda done, total: told.append((done, total)))
    assert told == [(5, 5)]
    again = embed_dataset(model, dataset, rows, progress=lambda done, total: told.append("computed again"))
    np.testing.assert_array_equal(first, again)
    assert told == [(5, 5)]
    assert not np.array_equal(embed_dataset(model, dataset, rows + 1), first)
    assert not np.array_equal(embed_dataset(load_checkpoint(classifier), dataset, rows), first)


def test_nothing_is_kept_for_a_visitor_of_a_read_only_dashboard(mae, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    embed_dataset(load_checkpoint(mae), open_dataset("lenses"), np.arange(3))
    assert not (workspace() / "cache").exists()


def test_images_that_the_model_cannot_cut_into_patches_are_said_in_words(mae):
    with pytest.raises(DatasetError, match="divisible by 8"):
        embed_dataset(load_checkpoint(mae), open_dataset("pairs"), np.arange(3))


def test_a_super_resolver_embeds_images_of_any_size(superres):
    assert embed_dataset(load_checkpoint(superres), open_dataset("pairs"), np.arange(3)).shape == (3, 24)


def test_pca_keeps_the_two_directions_of_largest_variance(workspace_with_lenses):
    embeddings, _ = clusters()
    centred = embeddings - embeddings.mean(0)
    singular = np.linalg.svd(centred, compute_uv=False)
    variances = project(embeddings, "pca").var(axis=0)
    np.testing.assert_allclose(variances, singular[:2] ** 2 / len(embeddings), rtol=1e-4)


def test_umap_is_repeatable_for_a_seed_and_keeps_clusters_apart(workspace_with_lenses, tmp_path, monkeypatch):
    embeddings, labels = clusters()
    first = project(embeddings, "umap", seed=3)
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "another"))
    np.testing.assert_array_equal(project(embeddings, "umap", seed=3), first)
    assert first.shape == (40, 2)
    assert first.dtype == np.float32
    assert silhouette_score(first, labels) > 0.5


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_few_lenses_can_be_projected_too(workspace_with_lenses, count):
    embeddings, _ = clusters(count)
    assert np.isfinite(project(embeddings, "umap")).all()


def test_an_unknown_method_and_a_single_lens_are_said_in_words(workspace_with_lenses):
    with pytest.raises(ConfigError, match="tsne"):
        project(clusters()[0], "tsne")
    with pytest.raises(ConfigError, match="at least two"):
        project(clusters(1)[0], "pca")


def test_umap_and_scikit_learn_are_not_loaded_before_they_are_needed():
    code = "import lensmae.evaluation, sys; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"umap", "sklearn", "pytorch_lightning", "lenstronomy"} & set(ast.literal_eval(loaded))
