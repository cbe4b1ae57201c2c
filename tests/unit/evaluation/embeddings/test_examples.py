"""Search by several examples, and which lenses stand for the parts of a plane."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from lensmae.errors import ConfigError
from lensmae.evaluation.embeddings.examples import most_relevant, relevance
from lensmae.evaluation.embeddings.pictures import representatives


def test_a_case_by_hand():
    line = np.array([[0.0], [1.0], [2.0], [4.0]])
    np.testing.assert_allclose(relevance(line, [0], [3]), [1.0, 0.75, 0.5, 0.0])
    assert most_relevant(relevance(line, [0], [3]), [0, 3], 5).tolist() == [1, 2]


def test_with_one_wanted_example_the_order_is_that_of_its_nearest_neighbours():
    embeddings = np.random.default_rng(0).normal(size=(80, 6))
    expected = NearestNeighbors(n_neighbors=11).fit(embeddings).kneighbors(embeddings[7:8])[1][0]
    found = most_relevant(relevance(embeddings, [7], []), [7], 10)
    assert found.tolist() == [place for place in expected.tolist() if place != 7][:10]


def test_two_wanted_and_one_unwanted_example_find_their_clusters_and_not_the_other():
    random = np.random.default_rng(1)
    embeddings = np.concatenate([random.normal(centre, 0.3, size=(30, 4)) for centre in (0, 4, 8)])
    found = most_relevant(relevance(embeddings, [0, 70], [40]), [0, 70, 40], 40)
    assert not ((found >= 30) & (found < 60)).any()
    assert (found < 30).any()
    assert (found >= 60).any()


def test_examples_that_are_equal_to_all_others_and_none_at_all():
    np.testing.assert_array_equal(relevance(np.ones((4, 2)), [0], [1]), 0.5)
    with pytest.raises(ConfigError):
        relevance(np.ones((4, 2)), [], [1])


def test_every_occupied_part_of_a_plane_has_one_representative_the_nearest_to_its_middle():
    points = np.random.default_rng(2).uniform(size=(400, 2)) * [3.0, 50.0] + [5.0, -2.0]
    found = representatives(points, 5)
    scaled = 5 * (points - points.min(axis=0)) / np.ptp(points, axis=0)
    cell = np.minimum(scaled.astype(int), 4)
    for row in range(5):
        for column in range(5):
            inside = np.flatnonzero((cell == [column, row]).all(axis=1))
            nearest = inside[np.hypot(*(scaled[inside] - [column + 0.5, row + 0.5]).T).argmin()]
            assert set(inside) & set(found) == {nearest}
    assert representatives(np.zeros((3, 2))).tolist() == [0]
