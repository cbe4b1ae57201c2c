"""One pair, and one image in any flux unit, against scikit-image and bicubic interpolation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lensmae.data import open_dataset
from lensmae.data.transforms import Transform
from lensmae.errors import DatasetError
from lensmae.evaluation.measure.reports import evaluate_superres
from lensmae.evaluation.superresolution.pairs import TILE, enlarge, super_resolve_pair
from lensmae.models import CheckpointCard, SuperResolver, bicubic_upsample, load_checkpoint
from lensmae.models.checkpoint import build_network
from tests.unit.conftest import ENCODER


def test_a_pair_has_the_scores_that_scikit_image_gives(superres):
    pairs = open_dataset("pairs")
    pair = super_resolve_pair(load_checkpoint(superres), pairs, 4)
    high = pairs.targets[4]
    assert pair.bicubic_psnr == pytest.approx(peak_signal_noise_ratio(high, pair.bicubic, data_range=1.0))
    assert pair.ssim == pytest.approx(structural_similarity(high, pair.drawn, data_range=1.0))
    # An untrained super-resolver is bicubic interpolation.
    np.testing.assert_allclose(pair.drawn, bicubic_upsample(pairs.images[4:5], 2)[0], atol=1e-6)


def test_the_noise_floor_is_the_score_of_the_truth_and_nearest_repeats_pixels(superres):
    pairs = open_dataset("pairs")
    pair = super_resolve_pair(load_checkpoint(superres), pairs, 2)
    high, truth = pairs.targets[2], pairs.truths[2]
    assert pair.floor_psnr == pytest.approx(peak_signal_noise_ratio(high, truth, data_range=1.0))
    assert pair.floor_ssim == pytest.approx(structural_similarity(high, truth, data_range=1.0))
    np.testing.assert_array_equal(pair.nearest[::2, 1::2], pairs.images[2])
    assert pair.nearest_psnr == pytest.approx(peak_signal_noise_ratio(high, pair.nearest, data_range=1.0))


def test_a_report_holds_flux_and_noise_floor_of_every_pair(superres):
    pairs = open_dataset("pairs")
    report = evaluate_superres(load_checkpoint(superres), pairs, "all", limit=4)
    rows = report.indices
    drawn = bicubic_upsample(pairs.images[rows], 2)
    np.testing.assert_allclose(report.flux, drawn.sum((1, 2)) / pairs.targets[rows].sum((1, 2)), rtol=1e-4)
    expected = [peak_signal_noise_ratio(pairs.targets[row], pairs.truths[row], data_range=1.0) for row in rows]
    np.testing.assert_allclose(report.floor_psnr, expected, rtol=1e-6)


def test_the_mean_over_symmetries_is_itself_symmetric():
    """A network that prefers one direction does so no more when it draws all eight views."""
    network = build_network("superres", {"encoder": ENCODER | {"image_size": 80}, "scale": 2, "width": 8, "depth": 1})
    torch.nn.init.normal_(network.leave.weight)
    card = CheckpointCard(kind="superres", architecture={"encoder": ENCODER}, transform=Transform())
    model = SuperResolver(Path("any.safetensors"), card, network.eval(), "cpu")
    image = np.random.default_rng(0).random((1, 16, 16)).astype(np.float32)
    turned = model.predict(np.rot90(image, axes=(1, 2)).copy())
    assert not np.allclose(np.rot90(turned, -1, axes=(1, 2)), model.predict(image), atol=1e-4)
    together = model.predict(image, d4=True)
    np.testing.assert_allclose(
        model.predict(np.rot90(image, axes=(1, 2)).copy(), d4=True), np.rot90(together, axes=(1, 2)), atol=1e-5
    )
    np.testing.assert_allclose(model.predict(image[:, :, ::-1].copy(), d4=True), together[:, :, ::-1], atol=1e-5)


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


def test_a_large_image_is_enlarged_in_tiles_without_seams(superres):
    """An untrained super-resolver is exactly bicubic interpolation, whole or in tiles; inside, where no border is near."""
    model = load_checkpoint(superres)
    image = gaussian_filter(np.random.default_rng(0).normal(size=(TILE + 90, 2 * TILE + 7)), 3).astype(np.float32)
    seen = []
    bicubic, drawn = enlarge(model, image, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), len(seen))
    assert len(seen) > 4
    np.testing.assert_allclose(drawn, bicubic, atol=2e-3 * np.ptp(image))
    assert drawn.shape == (2 * TILE + 180, 4 * TILE + 14)


def test_a_tile_is_drawn_on_the_flux_scale_of_the_whole_image():
    """A network whose transform divides by the peak must not take a faint tile for a bright image."""
    network = build_network("superres", {"encoder": ENCODER | {"image_size": 80}, "scale": 2, "width": 8, "depth": 1})
    torch.nn.init.normal_(network.leave.weight)
    card = CheckpointCard(kind="superres", architecture={"encoder": ENCODER}, transform=Transform())
    model = SuperResolver(Path("any.safetensors"), card, network.eval(), "cpu")
    part = np.full((1, 16, 16), 0.1, dtype=np.float32)
    whole = part.copy()
    whole[0, 0, 0] = 1.0
    assert not np.allclose(model.predict(part), model.predict(part, peak=1.0))
    np.testing.assert_array_equal(model.predict(whole), model.predict(whole, peak=1.0))
