import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from lensmae.errors import ConfigError
from lensmae.evaluation.embeddings.nearest import METRICS, nearest


@pytest.mark.parametrize("metric", METRICS)
def test_the_nearest_are_those_that_scikit_learn_finds(metric):
    rng = np.random.default_rng(0)
    embeddings, image = rng.normal(size=(200, 12)).astype(np.float32), rng.normal(size=12).astype(np.float32)
    expected = NearestNeighbors(n_neighbors=9, algorithm="brute", metric=metric).fit(embeddings).kneighbors(image[None])
    places, distances = nearest(embeddings, image, 9, metric)
    np.testing.assert_array_equal(places, expected[1][0])
    np.testing.assert_allclose(distances, expected[0][0], rtol=1e-4)


def test_there_are_no_more_neighbours_than_lenses():
    places, _ = nearest(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.float32), 10)
    assert places.tolist() == [0, 1, 2]


def test_an_unknown_metric_is_said_in_words():
    with pytest.raises(ConfigError, match="hamming"):
        nearest(np.eye(3), np.zeros(3), 1, "hamming")
