"""Distances and percentiles against scikit-learn, SciPy and cases done by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import percentileofscore

from lensmae.evaluation.ood.novelty import EmbeddingSpace, novelty


@pytest.fixture
def cloud():
    """400 points in 12 dimensions of very different spread."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(400, 12)) * np.logspace(0, -3, 12)).astype(np.float32)


def test_the_percentile_is_scipys():
    held_out = np.random.default_rng(1).exponential(size=200)
    for value in (0.0, 0.3, 2.0, 99.0):
        assert novelty("error", value, held_out).percentile == pytest.approx(percentileofscore(held_out, value, kind="strict"))


def test_about_one_in_two_hundred_lenses_like_the_held_out_ones_lies_outside():
    rng = np.random.default_rng(2)
    held_out, new = rng.normal(size=1000) ** 2, rng.normal(size=20_000) ** 2
    share = np.mean([novelty("error", value, held_out).outside for value in new])
    assert 0.002 < share < 0.012


def test_the_distance_is_mahalanobis_to_the_tenth_neighbour(cloud):
    """With as many components as dimensions, whitening gives the Mahalanobis distance, as SciPy computes it."""
    new = cloud[:5] + 0.01
    expected = cdist(new, cloud, "mahalanobis", VI=np.linalg.inv(np.cov(cloud.astype(np.float64).T)))
    np.testing.assert_allclose(EmbeddingSpace(cloud).distances(new), np.sort(expected, axis=1)[:, 9], rtol=1e-4)


def test_a_step_in_a_narrow_direction_is_far_where_plain_distance_sees_nothing(cloud):
    space, strange = EmbeddingSpace(cloud), cloud[:1].copy()
    strange[0, -1] += 0.05
    assert np.linalg.norm(strange - cloud[:1]) < np.linalg.norm(cloud, axis=1).mean() / 10
    assert space.distances(strange)[0] > 3 * space.distances(cloud).max()


def test_the_nearest_lens_of_a_training_lens_is_itself(cloud):
    distances, places = EmbeddingSpace(cloud).nearest(cloud[7:9], 3)
    assert places[:, 0].tolist() == [7, 8]
    np.testing.assert_allclose(distances[:, 0], 0, atol=1e-5)
    assert (np.diff(distances, axis=1) >= 0).all()


def test_the_plane_is_that_of_the_first_two_principal_components(cloud):
    points = EmbeddingSpace(cloud).points
    assert points.shape == (400, 2)
    _, _, components = np.linalg.svd(cloud - cloud.mean(axis=0), full_matrices=False)
    for axis in range(2):
        assert abs(np.corrcoef(points[:, axis], cloud @ components[axis])[0, 1]) == pytest.approx(1, abs=1e-5)


def test_embeddings_that_do_not_differ_give_finite_distances():
    space = EmbeddingSpace(np.ones((30, 4), dtype=np.float32))
    assert np.isfinite(space.distances(np.ones((2, 4)))).all()
