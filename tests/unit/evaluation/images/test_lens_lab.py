import numpy as np
import pytest

from lensmae.data import LensImage, fit_image, simulate_lens, simulate_row
from lensmae.data.simulation.lens_lab import Subhalo, Vortex, lab_row
from lensmae.errors import ConfigError
from lensmae.evaluation.images.lens_lab import class_probabilities, reconstruct, sweep_mass
from lensmae.models import load_checkpoint
from tests.unit.data.simulation.test_lens_lab import ROUND


def test_probabilities_are_those_of_the_same_image_anywhere_else(classifier):
    model, image = load_checkpoint(classifier), simulate_lens("model_ii", "cdm", 1).image
    for averaged in (False, True):
        np.testing.assert_array_equal(class_probabilities(model, image, averaged), model.predict(image[None], d4=averaged)[0])


def test_an_image_of_another_size_is_brought_to_the_networks_as_an_upload_is(classifier, mae):
    large = simulate_lens("model_i", "no_sub", 1).image
    fitted = fit_image(LensImage(large, "", ""), 64).pixels
    model = load_checkpoint(classifier)
    np.testing.assert_array_equal(class_probabilities(model, large, False), model.predict(fitted[None], d4=False)[0])
    np.testing.assert_array_equal(reconstruct(load_checkpoint(mae), large).image, fitted)


def test_the_reconstruction_error_is_that_of_the_hidden_pixels(mae):
    model, image = load_checkpoint(mae), simulate_lens("model_ii", "axion", 2).image
    drawn = reconstruct(model, image, mask_ratio=0.5, seed=3)
    raw = model.predict(image[None], mask_ratio=0.5, seed=3)
    hidden = raw.mask[0]
    assert hidden.mean() == pytest.approx(0.5, abs=0.01)
    expected = (((raw.prediction[0] - image)[hidden] / np.ptp(image)) ** 2).mean()
    assert drawn.mse == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(drawn.prediction[~hidden], image[~hidden])
    np.testing.assert_array_equal(drawn.prediction[hidden], raw.prediction[0][hidden])


def test_a_sweep_changes_one_subhalo_and_nothing_else(classifier):
    model, told = load_checkpoint(classifier), []
    halos = [Subhalo(1e9, 0.5, 0.2), Subhalo(3e9, -0.6, 0.1)]
    scalars = ROUND | {"noise_level": 1.0}
    masses = np.array([1e8, 3e9])
    table = sweep_mass(model, "model_ii", scalars, halos, 5, which=1, masses=masses, progress=lambda *done: told.append(done))
    assert list(table.columns) == ["subhalo_mass", *model.classes]
    assert told == [(1, 2), (2, 2)]
    lens = simulate_row("model_ii", lab_row("model_ii", scalars, halos, 5)).image
    np.testing.assert_allclose(table.iloc[1][list(model.classes)].to_numpy(float), model.predict(lens[None])[0], rtol=1e-5)
    other = simulate_row("model_ii", lab_row("model_ii", scalars, [halos[0], Subhalo(1e8, -0.6, 0.1)], 5)).image
    np.testing.assert_allclose(table.iloc[0][list(model.classes)].to_numpy(float), model.predict(other[None])[0], rtol=1e-5)
    with pytest.raises(ConfigError, match="no subhalo 3"):
        sweep_mass(model, "model_ii", scalars, halos, 5, which=2)


def test_a_sweep_of_the_axion_mass_answers_for_every_mass(classifier):
    model = load_checkpoint(classifier)
    table = sweep_mass(model, "model_iii", ROUND, Vortex(1e-23, 0.4), seed=0, masses=np.array([1e-24, 1e-22]))
    assert table["axion_mass_ev"].tolist() == [1e-24, 1e-22]
    lens = simulate_row("model_iii", lab_row("model_iii", ROUND, Vortex(1e-22, 0.4), 0)).image
    np.testing.assert_allclose(table.iloc[1][list(model.classes)].to_numpy(float), model.predict(lens[None])[0], rtol=1e-5)
