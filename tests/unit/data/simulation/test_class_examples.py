"""The pictures of the classes: one lens, and what its substructure changes."""

import numpy as np
import pytest

from lensmae.data.simulation.batched import generator_of
from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.models import model_scene
from lensmae.data.simulation.class_examples import _SEED, class_examples
from lensmae.data.simulation.lens_lab import lab_row, observe
from lensmae.data.simulation.presets import CLASSES, PRESETS


@pytest.fixture(scope="module")
def examples():
    return class_examples()


def test_each_class_has_one_example_and_a_smooth_lens_changes_nothing(examples):
    assert tuple(one.class_name for one in examples) == CLASSES
    assert not examples[0].change.any()
    assert all(np.abs(one.change).max() > 0.02 * one.image.max() for one in examples[1:])


def test_the_smooth_lens_is_the_one_that_lenstronomy_draws(examples):
    scene, _ = model_scene(PRESETS["model_ii"], "no_sub", 1, Draws(generator_of(_SEED)))
    factor = PRESETS["model_ii"].plane_factor
    macro, source = scene.macro, scene.source
    values = {"theta_E": macro.theta_E / factor, "e1": macro.e1, "e2": macro.e2}
    values |= {"gamma1": macro.gamma1 / factor, "gamma2": macro.gamma2 / factor}
    values |= {"R_sersic": source.R_sersic, "n_sersic": source.n_sersic, "source_e1": source.e1, "source_e2": source.e2}
    values |= {"source_x": source.x, "source_y": source.y}
    row = lab_row("model_ii", {name: float(value) for name, value in values.items()}, (), seed=1)
    expected = observe(row, "model_ii").smooth
    np.testing.assert_allclose(examples[0].image, expected, atol=1e-5 * expected.max())


def test_all_examples_are_of_one_lens(examples):
    smooth = examples[0].image
    for one in examples[1:]:
        assert np.corrcoef(smooth.ravel(), one.image.ravel())[0, 1] > 0.97
