"""Noise that is known, temperatures against one fitted alone, and tables against counting."""

import numpy as np
import pytest
from scipy.special import softmax

from lensmae.evaluation.classification.calibration import fit_temperature
from lensmae.evaluation.ood.expectation import Answers, Expectation, expectation, fit_temperature_by_quality
from lensmae.evaluation.ood.quality import Quality


def quality(noise, width=3.0):
    """Of images that differ in noise (B,) and in nothing else."""
    return Quality(noise, np.full(len(noise), 1e-2), np.broadcast_to(width, noise.shape))


def test_the_temperature_is_that_fitted_alone_where_it_does_not_depend_on_noise():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(4000, 3))
    labels = np.array([rng.choice(3, p=row) for row in softmax(logits / 2.5, axis=1)])
    noise, chances = 10 ** rng.uniform(-5, -1, 4000), softmax(logits, axis=1)
    found = fit_temperature_by_quality(chances, labels, quality(noise))
    np.testing.assert_allclose(found.of(quality(np.array([1e-4, 1e-2]))), fit_temperature(chances, labels), rtol=0.15)


def test_answers_about_noisier_images_are_softened_where_they_are_less_right():
    rng = np.random.default_rng(1)
    noise = np.where(np.arange(4000) < 2000, 1e-5, 1e-1)
    logits = 3 * rng.normal(size=(4000, 3))
    truth = softmax(logits / np.where(noise < 1e-3, 1.0, 4.0)[:, None], axis=1)
    labels = np.array([rng.choice(3, p=row) for row in truth])
    clean, noisy = fit_temperature_by_quality(softmax(logits, axis=1), labels, quality(noise)).of(quality(np.array([1e-5, 1e-1])))
    assert (clean, noisy) == (pytest.approx(1.0, rel=0.15), pytest.approx(4.0, rel=0.15))


def test_answers_about_less_sharp_images_are_softened_where_they_are_less_right():
    rng = np.random.default_rng(2)
    width = np.where(np.arange(4000) < 2000, 3.5, 4.5)
    logits = 3 * rng.normal(size=(4000, 3))
    truth = softmax(logits / np.where(width < 4, 1.0, 3.0)[:, None], axis=1)
    labels = np.array([rng.choice(3, p=row) for row in truth])
    found = fit_temperature_by_quality(softmax(logits, axis=1), labels, quality(np.full(4000, 1e-3), width))
    sharp, soft = found.of(quality(np.full(2, 1e-3), np.array([3.5, 4.5])))
    assert (sharp, soft) == (pytest.approx(1.0, rel=0.15), pytest.approx(3.0, rel=0.15))


def test_the_table_counts_lenses_in_bins_of_noise_and_sharpness_by_preset():
    noise, width = np.repeat([5e-4, 2e-2, 0.5], [40, 20, 5]), np.repeat([3.0, 3.9, 3.0], [40, 20, 5])
    right, answered = np.arange(65) % 4 != 0, np.arange(65) % 2 == 1
    strata = np.where(np.arange(65) < 15, "model_ii", "model_iii")
    found = expectation(quality(noise, width), Answers(right, answered, strata))
    assert found.lenses == (0, 40, 0, 0, 20, 5)
    assert found.accuracy[1] == pytest.approx(right[:40].mean())
    assert found.answered[4] == pytest.approx(answered[40:60].mean())
    assert found.accuracy_answered[1] == pytest.approx(right[:40][answered[:40]].mean())
    assert [(cell.noise, cell.width, cell.stratum, cell.lenses) for cell in found.cells] == [
        (1, 0, "", 40),
        (1, 0, "model_ii", 15),
        (1, 0, "model_iii", 25),
        (4, 1, "", 20),
        (4, 1, "model_iii", 20),
    ]
    assert found.cells[1].accuracy == pytest.approx(right[:15].mean())
    of_all = "Of 40 simulated lenses with a signal-to-noise ratio at the peak of 1,000 to 10,000"
    assert found.sentence(7e-4).startswith(f"{of_all} it classifies 75.0% correctly")
    alike = found.sentence(7e-4, 3.1)
    assert alike.startswith(f"{of_all} and light spread over less than 3.7 pixels it classifies 75.0% correctly")
    assert "DeepLense Model II 73% of 15, DeepLense Model III 76% of 25" in alike
    # None is as blurred as that: its noise alone decides.
    assert found.sentence(7e-4, 5.0) == found.sentence(7e-4)
    # Five lenses say nothing.
    assert found.sentence(0.4) is None
    assert found.sentence(1e-9) is None


def test_a_record_that_calls_answered_told_is_read():
    found = expectation(quality(np.full(12, 5e-4), np.full(12, 3.0)), Answers(*np.ones((2, 12), bool), np.full(12, "model_ii")))
    text = found.model_dump_json()
    former = text.replace("accuracy_answered", "accuracy_of_told").replace('"answered"', '"told"')
    assert former.count("told") == 2 * text.count('"answered"') > 4
    assert Expectation.model_validate_json(former) == found
