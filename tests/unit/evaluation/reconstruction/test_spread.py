"""Statistics over many masks against the same by hand."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.spread import reconstruct_many
from lensmae.models import load_checkpoint


@pytest.fixture
def lens(workspace_with_lenses):
    return np.array(open_dataset("lenses").images[3])


def test_mean_deviation_and_error_are_over_the_masks_that_hid_a_pixel(mae, lens):
    model = load_checkpoint(mae)
    found = reconstruct_many(model, lens, 40, mask_ratio=0.5, seed=3)
    drawn = [model.predict(lens[None], mask_ratio=0.5, seed=3 + place) for place in range(40)]
    values = np.ma.array([one.prediction[0] for one in drawn], mask=[~one.mask[0] for one in drawn], dtype=np.float64)
    np.testing.assert_allclose(found.mean, values.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.std, values.std(axis=0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.error, ((values - lens) ** 2).mean(axis=0) / np.ptp(lens) ** 2, rtol=1e-3)
    np.testing.assert_array_equal(found.times, sum(one.hidden[0].astype(int) for one in drawn))


def test_the_patch_errors_average_to_the_score_where_every_patch_was_hidden(mae, lens):
    found = reconstruct_many(load_checkpoint(mae), lens, 16)
    assert (found.times > 0).all()
    np.testing.assert_allclose(found.patch_error.mean(), found.score)


def test_a_pixel_that_no_mask_hides_keeps_its_flux(mae, lens):
    found = reconstruct_many(load_checkpoint(mae), lens, 2, mask_ratio=0.05)
    never = np.kron(found.times == 0, np.ones((8, 8))).astype(bool)
    assert never.any()
    np.testing.assert_array_equal(found.mean[never], lens[never])
    assert not found.std[never].any()


def test_progress_counts_masks_and_their_number_is_checked(mae, lens):
    seen = []
    reconstruct_many(load_checkpoint(mae), lens, 40, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(32, 40), (40, 40)]
    with pytest.raises(ConfigError, match="1 to 256"):
        reconstruct_many(load_checkpoint(mae), lens, 257)
