import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from lensmae.errors import ConfigError
from lensmae.evaluation import Projection, project
from lensmae.evaluation.embeddings.projections import kept_projection, position


def clusters(count=40, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 16)) * 20
    labels = np.arange(count) % 3
    return (centres[labels] + rng.normal(size=(count, 16))).astype(np.float32), labels


def test_pca_keeps_the_two_directions_of_largest_variance(workspace_with_lenses):
    embeddings, _ = clusters()
    centred = embeddings - embeddings.mean(0)
    singular = np.linalg.svd(centred, compute_uv=False)
    variances = project(embeddings, Projection("pca")).var(axis=0)
    np.testing.assert_allclose(variances, singular[:2] ** 2 / len(embeddings), rtol=1e-4)


def test_umap_is_repeatable_for_a_seed_and_keeps_clusters_apart(workspace_with_lenses, tmp_path, monkeypatch):
    embeddings, labels = clusters()
    first = project(embeddings, Projection(seed=3))
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "another"))
    np.testing.assert_array_equal(project(embeddings, Projection(seed=3)), first)
    assert first.shape == (40, 2)
    assert first.dtype == np.float32
    assert silhouette_score(first, labels) > 0.5


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_few_lenses_can_be_projected_too(workspace_with_lenses, count):
    embeddings, _ = clusters(count)
    assert np.isfinite(project(embeddings, Projection())).all()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_points_have_the_dimensions_asked_for(workspace_with_lenses, dimensions):
    embeddings, _ = clusters(20)
    for method in ("pca", "umap"):
        assert project(embeddings, Projection(method, dimensions)).shape == (20, dimensions)


def test_each_setting_of_umap_has_a_result_of_its_own(workspace_with_lenses):
    embeddings, _ = clusters(30)
    first = project(embeddings, Projection())
    assert kept_projection(embeddings, Projection()) is not None
    for other in ({"neighbours": 5}, {"min_dist": 0.9}, {"metric": "cosine"}, {"seed": 1}):
        assert kept_projection(embeddings, Projection(**other)) is None
        assert not np.array_equal(project(embeddings, Projection(**other)), first)


def test_umap_reports_its_epochs(workspace_with_lenses):
    told = []
    project(clusters()[0], Projection(seed=8), lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == 500
    assert told == sorted(told)


def test_a_further_image_lies_where_pca_projects_it(workspace_with_lenses):
    embeddings, _ = clusters()
    new = embeddings[:1] + 0.5
    points = project(embeddings, Projection("pca"))
    expected = PCA(2, svd_solver="full").fit(embeddings).transform(new)[0]
    np.testing.assert_allclose(position(new[0], embeddings, points, Projection("pca")), expected, rtol=1e-4)


def test_a_further_image_lies_in_its_own_cluster_of_a_umap(workspace_with_lenses):
    embeddings, labels = clusters(60)
    points = project(embeddings, Projection(neighbours=10))
    where = position(embeddings[labels == 2].mean(axis=0), embeddings, points, Projection(neighbours=10))
    distances = [np.linalg.norm(where - points[labels == label].mean(axis=0)) for label in range(3)]
    assert np.argmin(distances) == 2


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"method": "tsne"}, "umap, pca"),
        ({"dimensions": 4}, "2, 3"),
        ({"metric": "hamming"}, "euclidean"),
        ({"neighbours": 1}, "from 2 to 200"),
        ({"min_dist": 2.0}, "from 0 to 1"),
    ],
)
def test_a_setting_that_is_not_allowed_is_said_in_words(setting, said):
    with pytest.raises(ConfigError, match=said):
        Projection(**setting)


def test_a_single_lens_cannot_be_projected(workspace_with_lenses):
    with pytest.raises(ConfigError, match="at least two"):
        project(clusters(1)[0], Projection("pca"))
