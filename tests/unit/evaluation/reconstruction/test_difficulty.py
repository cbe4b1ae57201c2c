"""The place of a lens among those of its set."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.evaluation.metrics import masked_mse
from lensmae.evaluation.reconstruction.difficulty import LADDER, Difficulty, measure_difficulty, measure_mask
from lensmae.evaluation.reconstruction.frames import nested_masks, pixel_masks
from lensmae.models import load_checkpoint


@pytest.fixture
def images(workspace_with_lenses):
    return np.array(open_dataset("lenses").images[:5])


def test_errors_are_those_of_each_lens_under_its_own_mask(mae, images):
    model = load_checkpoint(mae)
    measured = measure_difficulty(model, images, "block")
    place = LADDER.index(0.75)
    for lens in (0, 4):
        hidden = nested_masks(images[lens], 8, lens, "block", (0.75,))
        drawn = model.predict(images[lens][None], hidden=hidden).prediction
        error = masked_mse(images[lens][None], drawn, pixel_masks(hidden, (64, 64)))
        np.testing.assert_allclose(measured.errors[lens, place], error, rtol=1e-4)
    assert measured.similarities.shape == (5, len(LADDER))


def test_one_mask_is_given_to_all(mae, images):
    model = load_checkpoint(mae)
    hidden = np.zeros((8, 8), dtype=bool)
    hidden[2:5, 3:6] = True
    measured = measure_mask(model, images, hidden)
    drawn = model.predict(images, hidden=hidden[None]).prediction
    expected = [np.square((drawn[i] - images[i]) / np.ptp(images[i]))[16:40, 24:48].mean() for i in range(5)]
    np.testing.assert_allclose(measured.errors[:, 0], expected, rtol=1e-4)
    assert measured.ratios.tolist() == [9 / 64]


def test_progress_ends_at_all_reconstructions(mae, images):
    seen = []
    measure_difficulty(load_checkpoint(mae), images, "random", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5 * len(LADDER), 5 * len(LADDER))


def test_percentiles_between_ratios_are_interpolated_in_the_logarithm():
    measured = Difficulty(np.array([0.2, 0.4]), np.array([[1e-4, 1e-2], [1e-3, 1e-1]]), np.ones((2, 2)))
    np.testing.assert_allclose(measured.at(0.3), [1e-3, 1e-2])
    assert measured.easier(0.3, 5e-3) == 50.0
    assert np.isnan(measured.easier(0.3, np.nan))
    np.testing.assert_allclose(measured.band(50), [5.5e-4, 0.055])
