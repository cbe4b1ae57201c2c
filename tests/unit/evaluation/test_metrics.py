import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from torchmetrics.functional.classification import multiclass_calibration_error
from torchmetrics.functional.image import structural_similarity_index_measure

from lensmae.evaluation.metrics import confusion, ece, masked_mse, masked_ssim, mse, pr_curves, psnr, roc_curves, ssim, unit_scale

CLASSES = ("no_sub", "cdm", "axion")


def images(seed, count=4, side=20):
    return np.random.default_rng(seed).random((count, side, side), dtype=np.float32)


def softmax(scores):
    exponents = np.exp(scores)
    return exponents / exponents.sum(axis=1, keepdims=True)


def guesses(count=200, seed=0, sharpness=2.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    scores = rng.normal(size=(count, 3))
    scores[np.arange(count), labels] += 0.7
    return labels, softmax(sharpness * scores)


def test_psnr_of_each_image_is_that_of_scikit_image():
    first, second = images(0), images(1)
    expected = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(psnr(first, second), expected, rtol=1e-6)


def test_psnr_of_a_constant_error_is_its_hand_computed_value_and_of_equal_images_infinite():
    first = np.zeros((2, 8, 8), dtype=np.float32)
    second = np.stack([np.full((8, 8), 0.1), np.zeros((8, 8))]).astype(np.float32)
    np.testing.assert_allclose(psnr(second, first), [20.0, np.inf], rtol=1e-6)
    np.testing.assert_allclose(psnr(second, first, data_range=10.0)[0], 40.0, rtol=1e-6)


def test_ssim_is_the_seven_pixel_uniform_window_formula_computed_with_torch():
    first, second = images(2), images(3) * 0.5 + images(2) * 0.5

    def windows(array):
        return torch.from_numpy(array).double().unfold(1, 7, 1).unfold(2, 7, 1).flatten(3)

    a, b = windows(first), windows(second)
    mean_a, mean_b = a.mean(-1), b.mean(-1)
    covariance = ((a - mean_a[..., None]) * (b - mean_b[..., None])).sum(-1) / 48
    numerator = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    denominator = (mean_a**2 + mean_b**2 + 1e-4) * (a.var(-1) + b.var(-1) + 9e-4)
    np.testing.assert_allclose(ssim(first, second), (numerator / denominator).mean((1, 2)).numpy(), rtol=1e-5)


def test_ssim_of_an_image_with_itself_is_one():
    np.testing.assert_allclose(ssim(images(4), images(4)), 1.0)


def test_images_of_different_shapes_are_refused_and_not_broadcast():
    with pytest.raises(ValueError, match="one shape"):
        mse(images(0), images(0)[:1])


def test_masked_mse_is_a_loop_over_hidden_pixels_of_images_scaled_to_their_own_range():
    truth, drawn = 5 * images(5) - 2, 5 * images(6) - 2
    mask = np.random.default_rng(7).random(truth.shape) < 0.4
    expected = []
    for image, prediction, hidden in zip(truth, drawn, mask, strict=True):
        low, high = image.min(), image.max()
        errors = [
            ((p - low) / (high - low) - (t - low) / (high - low)) ** 2
            for t, p in zip(image[hidden], prediction[hidden], strict=True)
        ]
        expected.append(np.mean(errors))
    np.testing.assert_allclose(masked_mse(truth, drawn, mask), expected, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-6, 1e6), offset=st.floats(-10, 10))
def test_masked_mse_does_not_depend_on_the_unit_of_flux(scale, offset):
    truth, drawn = images(8).astype(np.float64), images(9).astype(np.float64)
    mask = np.random.default_rng(7).random(truth.shape) < 0.4
    there = masked_mse(truth * scale + offset * scale, drawn * scale + offset * scale, mask)
    np.testing.assert_allclose(there, masked_mse(truth, drawn, mask), rtol=1e-6)


def test_masked_mse_ignores_visible_pixels_and_is_undefined_where_nothing_is_hidden():
    truth = images(10, count=2)
    drawn = truth.copy()
    drawn[:, 0, 0] += 100
    mask = np.zeros(truth.shape, dtype=bool)
    mask[0, 5:8, 5:8] = True
    result = masked_mse(truth, drawn, mask)
    assert result[0] == 0.0
    assert np.isnan(result[1])


def test_unit_scale_brings_every_image_to_zero_and_one_and_leaves_flat_ones_finite():
    stack = np.concatenate([7 * images(11) - 3, np.full((1, 20, 20), 2.5, dtype=np.float32)])
    low, width = unit_scale(stack)
    scaled = (stack - low) / width
    np.testing.assert_allclose(scaled[:-1].min((1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(scaled[:-1].max((1, 2)), 1, atol=1e-6)
    assert (scaled[-1] == 0).all()


@pytest.mark.parametrize("sharpness", [0.5, 2.0, 8.0])
def test_ece_is_that_of_torchmetrics(sharpness):
    labels, probabilities = guesses(sharpness=sharpness)
    expected = multiclass_calibration_error(torch.from_numpy(probabilities), torch.from_numpy(labels), num_classes=3, n_bins=15)
    assert ece(probabilities, labels) == pytest.approx(float(expected), abs=1e-6)


def test_ece_of_a_hand_computed_case():
    # Two images at confidence 0.6 of which one is right, and one right image at 1.0: (2/3) |0.5 - 0.6| + (1/3) |1 - 1|.
    probabilities = np.array([[0.6, 0.4], [0.6, 0.4], [0.0, 1.0]])
    assert ece(probabilities, np.array([0, 1, 1])) == pytest.approx(0.2 / 3)


def test_auc_of_each_class_and_their_macro_mean_are_those_of_scikit_learn():
    labels, probabilities = guesses()
    curves = roc_curves(labels, probabilities, CLASSES)
    expected = roc_auc_score(labels, probabilities, multi_class="ovr", average=None, labels=[0, 1, 2])
    np.testing.assert_allclose([curves[name].auc for name in CLASSES], expected)
    macro = roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert curves["macro"].auc == pytest.approx(macro)


def test_the_micro_average_is_that_of_scikit_learn():
    labels, probabilities = guesses()
    truth = np.eye(3, dtype=int)[labels]
    assert roc_curves(labels, probabilities, CLASSES)["micro"].auc == pytest.approx(
        roc_auc_score(truth, probabilities, average="micro")
    )
    expected = average_precision_score(truth, probabilities, average="micro")
    assert pr_curves(labels, probabilities, CLASSES)["micro"].average == pytest.approx(expected)


def test_precision_recall_curves_and_their_areas_are_those_of_scikit_learn():
    labels, probabilities = guesses()
    curves = pr_curves(labels, probabilities, CLASSES)
    for place, name in enumerate(CLASSES):
        precision, recall, _ = precision_recall_curve(labels == place, probabilities[:, place])
        np.testing.assert_array_equal(curves[name].precision, precision[::-1])
        np.testing.assert_array_equal(curves[name].recall, recall[::-1])
        expected = average_precision_score(labels == place, probabilities[:, place])
        assert curves[name].average == pytest.approx(expected)
        # The area under the steps that `at` reads is the average precision.
        steps = np.linspace(0, 1, 20_001)[1:] - 0.5 / 20_000
        assert curves[name].at(steps).mean() == pytest.approx(expected, abs=1e-3)
    macro = average_precision_score(np.eye(3, dtype=int)[labels], probabilities, average="macro")
    assert curves["macro"].average == pytest.approx(macro)


def test_every_curve_rises_from_the_origin_to_one_and_the_macro_curve_encloses_its_auc():
    curves = roc_curves(*guesses(), CLASSES)
    for curve in curves.values():
        assert (curve.fpr[0], curve.tpr[0], curve.fpr[-1], curve.tpr[-1]) == (0, 0, 1, 1)
        assert (np.diff(curve.fpr) >= 0).all()
        assert (np.diff(curve.tpr) >= 0).all()
    assert np.trapezoid(curves["macro"].tpr, curves["macro"].fpr) == pytest.approx(curves["macro"].auc, abs=0.01)


def test_a_class_without_images_has_no_curve_and_one_class_alone_has_none_at_all():
    labels, probabilities = guesses()
    few = labels < 2
    curves = roc_curves(labels[few], probabilities[few], CLASSES)
    assert set(curves) == {"no_sub", "cdm", "macro", "micro"}
    assert curves["macro"].auc == pytest.approx((curves["no_sub"].auc + curves["cdm"].auc) / 2)
    assert roc_curves(np.zeros(5, dtype=int), probabilities[:5], CLASSES) == {}


def test_confusion_counts_true_classes_down_and_predictions_across():
    table = confusion(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 0]), CLASSES)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_masked_ssim_is_the_mean_of_torchmetrics_map_over_hidden_pixels():
    truth, drawn = 5 * images(3) + 2, 5 * images(4) + 2
    mask = np.zeros(truth.shape, dtype=bool)
    # Away from the border, where the two libraries pad differently.
    mask[:, 6:14, 5:12] = True
    low, width = unit_scale(truth)
    reconstructed = np.where(mask, drawn, truth)
    a, b = (torch.from_numpy(((stack - low) / width).astype(np.float64))[:, None] for stack in (truth, reconstructed))
    uniform = {"gaussian_kernel": False, "kernel_size": 7, "data_range": 1.0, "return_full_image": True}
    _, maps = structural_similarity_index_measure(a, b, **uniform)
    expected = maps[:, 0].numpy()[mask].reshape(4, -1).mean(axis=1)
    # torchmetrics divides variances by 49, scikit-image by 48.
    np.testing.assert_allclose(masked_ssim(truth, drawn, mask), expected, atol=3e-3)


def test_masked_ssim_is_one_where_the_drawing_is_right_and_nan_where_nothing_is_hidden():
    truth, mask = images(5), images(6) > 0.5
    np.testing.assert_allclose(masked_ssim(truth, truth, mask), 1.0)
    assert np.isnan(masked_ssim(truth, truth, np.zeros_like(mask))).all()
