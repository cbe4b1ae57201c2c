"""What LR tells of HR's noise: on white noise the theory is exact."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.data.simulation.bicubic import downsample_bicubic
from lensmae.evaluation.measure.reports import evaluate_superres
from lensmae.evaluation.metrics import mse, psnr
from lensmae.evaluation.reports.tables import LIMIT, superres_means, superres_table
from lensmae.evaluation.superresolution.noise_limit import informed_truth, made_of_high
from lensmae.evaluation.superresolution.pairs import super_resolve_pair
from lensmae.models import load_checkpoint


def _noisy(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LR, HR and truth, noise white with deviation 0.01."""
    random = np.random.default_rng(seed)
    truth = random.random((4, 96, 96))
    high = truth + random.normal(0, 0.01, truth.shape)
    return downsample_bicubic(high), high, truth


def test_a_quarter_of_white_noise_is_told_at_twice_as_many_pixels():
    low, high, truth = _noisy()
    left = mse(informed_truth(truth, low), high) / mse(truth, high)
    np.testing.assert_allclose(left, 0.75, atol=0.03)


def test_it_is_consistent_with_lr_and_no_other_drawing_of_the_truth_and_lr_is_nearer():
    low, high, truth = _noisy()
    drawn = informed_truth(truth, low)
    np.testing.assert_allclose(downsample_bicubic(drawn), low, atol=1e-5)
    error = (drawn - high).astype(np.float64)
    for share in (0.5, 0.9, 1.1):
        other = truth + share * (drawn - truth)
        assert (np.square(error).mean((1, 2)) < mse(other, high)).all()


def test_pairs_whose_lr_was_made_otherwise_have_no_limit():
    low, high, _ = _noisy()
    assert made_of_high(low, high)
    assert not made_of_high(high.reshape(4, 48, 2, 48, 2).mean(axis=(2, 4)), high)
    assert not made_of_high(low, high[:, :95])
    assert not made_of_high(low[:, :, :40], high)


def test_reports_pairs_and_tables_tell_it(superres):
    pairs = open_dataset("pairs")
    report = evaluate_superres(load_checkpoint(superres), pairs, "all", limit=4)
    row = int(report.indices[1])
    expected = psnr(informed_truth(np.asarray(pairs.truths[[row]]), np.asarray(pairs.images[[row]])), pairs.targets[[row]])[0]
    assert report.limit_psnr[1] == pytest.approx(expected)
    assert (report.limit_psnr > report.floor_psnr).all()
    assert super_resolve_pair(load_checkpoint(superres), pairs, row).limit_psnr == pytest.approx(expected)
    assert report.summary()["limit"]["psnr"] == pytest.approx(report.limit_psnr.mean())
    assert superres_means({"network": report})["image"].tolist()[-1] == LIMIT
    assert superres_table(report)["limit_psnr"].tolist() == report.limit_psnr.tolist()
