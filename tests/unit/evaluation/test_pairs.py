"""One pair, and one image in any flux unit, against scikit-image and bicubic interpolation."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lensmae.data import open_dataset
from lensmae.errors import DatasetError
from lensmae.evaluation.pairs import enlarge, super_resolve_pair
from lensmae.models import bicubic_upsample, load_checkpoint


def test_a_pair_has_the_scores_that_scikit_image_gives(superres):
    pairs = open_dataset("pairs")
    pair = super_resolve_pair(load_checkpoint(superres), pairs, 4)
    high = pairs.targets[4]
    assert pair.bicubic_psnr == pytest.approx(peak_signal_noise_ratio(high, pair.bicubic, data_range=1.0))
    assert pair.ssim == pytest.approx(structural_similarity(high, pair.drawn, data_range=1.0))
    # An untrained super-resolver is bicubic interpolation.
    np.testing.assert_allclose(pair.drawn, bicubic_upsample(pairs.images[4:5], 2)[0], atol=1e-6)


def test_a_set_without_targets_is_refused(superres):
    with pytest.raises(DatasetError, match="no HR targets"):
        super_resolve_pair(load_checkpoint(superres), open_dataset("lenses"), 0)


@pytest.mark.parametrize(("factor", "offset"), [(1.0, 0.0), (1e-12, 0.0), (3e5, -40.0)])
def test_an_image_is_enlarged_in_its_own_unit(superres, factor, offset):
    image = np.array(open_dataset("pairs").images[0]) * factor + offset
    bicubic, drawn = enlarge(load_checkpoint(superres), image.astype(np.float32))
    tolerance = 1e-4 * factor + abs(offset) * 1e-6
    np.testing.assert_allclose(bicubic, bicubic_upsample(image[None], 2)[0], atol=tolerance)
    np.testing.assert_allclose(drawn, bicubic, atol=tolerance)
