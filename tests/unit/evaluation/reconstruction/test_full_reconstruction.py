"""Every pixel is reconstructed from its surroundings only, equally often, and the score is the masked error's mean."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import masked_mse
from lensmae.evaluation.reconstruction.full_reconstruction import balanced_masks, reconstruct
from lensmae.models import load_checkpoint


@pytest.mark.parametrize("grid", [(8, 8), (16, 16), (5, 7)])
def test_every_patch_is_shown_by_exactly_one_mask(grid):
    masks = balanced_masks(grid)
    assert masks.shape == (4, *grid)
    np.testing.assert_array_equal((~masks).sum(axis=0), 1)
    assert np.ptp(masks.sum(axis=(1, 2))) <= 1


def test_the_score_is_the_masked_error_averaged_over_masks(mae):
    model, images = load_checkpoint(mae), np.array(open_dataset("lenses").images[[3, 50]])
    drawn = reconstruct(model, images)
    each = []
    for hidden in balanced_masks((8, 8)):
        one = model.predict(images, hidden=np.stack([hidden, hidden]))
        each.append(masked_mse(images, one.prediction, one.mask))
    np.testing.assert_allclose(drawn.score, np.mean(each, axis=0), rtol=1e-6)
    np.testing.assert_allclose(drawn.error.mean(axis=(1, 2)), drawn.score, rtol=1e-5)


def test_a_pixel_is_drawn_without_having_been_seen(mae):
    """A changed patch cannot change its own drawing in the mean by more than what hidden neighbours let through."""
    model, image = load_checkpoint(mae), np.array(open_dataset("lenses").images[3])
    masks = balanced_masks((8, 8))
    changed = image.copy()
    changed[8:16, 8:16] *= 0.5
    hiding = masks[:, 1, 1]
    for hidden, hides in zip(masks, hiding, strict=True):
        before, after = (model.predict(one[None], hidden=hidden[None]).prediction[0] for one in (image, changed))
        # The peak of the lens lies elsewhere, so the scale is the same.
        assert np.array_equal(before[8:16, 8:16], after[8:16, 8:16]) == hides


def test_the_answer_for_a_lens_does_not_depend_on_the_others(mae):
    model, images = load_checkpoint(mae), np.array(open_dataset("lenses").images[:5])
    together, alone = reconstruct(model, images), reconstruct(model, images[4:])
    np.testing.assert_allclose(together.prediction[4], alone.prediction[0], rtol=1e-4, atol=1e-6)
    assert together.score[4] == pytest.approx(alone.score[0], rel=1e-4)


def test_a_size_that_patches_do_not_cover_is_a_plain_message(mae):
    with pytest.raises(DatasetError, match="divisible by 8"):
        reconstruct(load_checkpoint(mae), np.ones((1, 60, 60), dtype=np.float32))
