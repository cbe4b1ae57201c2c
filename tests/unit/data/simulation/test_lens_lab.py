"""A lens made by hand against the data sets' own lenses and against closed formulas."""

import numpy as np
import pandas as pd
import pytest

from lensmae.data import CLASSES, PRESETS, simulate_lens, simulate_row
from lensmae.data.simulation.lens_lab import Subhalo, Vortex, class_of, lab_row, matter_of, observe
from lensmae.data.simulation.lensing.critical_curves import critical_curves
from lensmae.data.simulation.presets import MULTI_PLANE_FACTOR
from lensmae.data.simulation.rows import LAB_PRESETS, lab_preset
from lensmae.errors import DatasetError

ROUND = {"theta_E": 1.0, "e1": 0.0, "e2": 0.0, "gamma1": 0.0, "gamma2": 0.0, "source_x": 0.1, "source_y": 0.0}
ROUND |= {"R_sersic": 0.2, "n_sersic": 1.0, "source_e1": 0.0, "source_e2": 0.0, "source_magnitude": 22.5}
ROUND |= {"lens_magnitude": 19.0, "lens_R_sersic": 1.0, "lens_n_sersic": 4.0, "lens_e1": 0.0, "lens_e2": 0.0}


@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("preset", LAB_PRESETS)
def test_the_lab_makes_a_data_sets_lens_again_from_its_numbers(preset, class_name):
    lens = simulate_lens(preset, class_name, seed=4)
    scalars = {name: value for name, value in lens.parameters.items() if isinstance(value, float) and "axion" not in name}
    row = lab_row(preset, scalars, matter_of(lens.parameters), lens.parameters["seed"], lens.parameters)
    assert row["class"] == class_name
    np.testing.assert_allclose(observe(row, preset).image, lens.image, rtol=1e-4, atol=1e-4 * lens.image.max())


def test_lenses_of_a_mixed_set_open_in_the_lab_under_their_own_camera():
    rows = [simulate_lens("demonstration", kind, seed).parameters for seed in range(6) for kind in CLASSES]
    # As a table of several presets holds them: what a lens does not have is NaN.
    table, seen = pd.DataFrame(rows), set()
    for _, entry in table.iterrows():
        row = entry.to_dict()
        preset = lab_preset("demonstration", row)
        scalars = {
            name: value for name, value in row.items() if isinstance(value, float) and value == value and "axion" not in name
        }
        again = observe(lab_row(preset, scalars, matter_of(row), row["seed"], row), preset).image
        image = simulate_row("demonstration", row).image
        np.testing.assert_allclose(again, image, rtol=1e-4, atol=1e-4 * image.max())
        seen.add((row["stratum"], preset.removesuffix("_hst").removesuffix("_euclid").removesuffix("_jwst")))
    assert {("model_ii", "model_ii"), ("model_ii_free", "model_ii"), ("survey", "survey")} <= seen
    assert lab_preset("galaxies", {}) is None
    assert lab_preset("someone's own", {}) is None


def test_what_the_dark_matter_does_is_the_difference_to_the_lens_without_it():
    bare, dark = (observe(lab_row("model_ii", ROUND, matter, 0), "model_ii") for matter in ((), [Subhalo(1e10, 0.6, 0.0)]))
    np.testing.assert_array_equal(dark.smooth, bare.expected)
    np.testing.assert_array_equal(bare.smooth, bare.expected)
    assert np.abs(dark.expected - dark.smooth).max() > 0.1


def test_critical_curve_and_caustic_of_a_round_lens_are_its_einstein_ring_and_a_point():
    curves = critical_curves(PRESETS["survey_euclid"], lab_row("survey_euclid", ROUND, (), 0))
    ring = max(curves.critical, key=len)
    np.testing.assert_allclose(np.hypot(*ring.T), 1.0, atol=0.01)
    np.testing.assert_allclose(max(curves.caustics, key=len), 0.0, atol=0.02)


def test_shear_opens_the_caustic_of_a_round_lens_into_an_astroid():
    """The cusps of an isothermal sphere under shear lie at 2 gamma theta_E / (1 -+ gamma)."""
    gamma = 0.1
    curves = critical_curves(PRESETS["survey_euclid"], lab_row("survey_euclid", ROUND | {"gamma1": gamma}, (), 0), grid=256)
    caustic = max(curves.caustics, key=len)
    cusps = sorted([np.abs(caustic[:, 0]).max(), np.abs(caustic[:, 1]).max()])
    assert cusps == pytest.approx([2 * gamma / (1 + gamma), 2 * gamma / (1 - gamma)], rel=0.03)


def test_models_ii_and_iii_have_the_ring_of_their_multi_plane_tracing():
    curves = critical_curves(PRESETS["model_ii"], lab_row("model_ii", ROUND, (), 0))
    assert np.hypot(*max(curves.critical, key=len).T).mean() == pytest.approx(MULTI_PLANE_FACTOR, abs=0.01)


def test_a_subhalo_has_a_critical_curve_of_its_own():
    row = lab_row("model_ii", ROUND, [Subhalo(1e10, 1.6, 1.6)], 0)
    loops = critical_curves(PRESETS["model_ii"], row).critical
    assert any(np.hypot(*(loop.mean(axis=0) - 1.6)) < 0.3 for loop in loops)


def test_the_class_follows_from_the_dark_matter():
    assert [class_of(matter) for matter in ((), [Subhalo(1e9, 0, 0)], Vortex(1e-23, 0.0))] == ["no_sub", "cdm", "axion"]
    row = lab_row("model_ii", ROUND, Vortex(1e-23, np.pi / 2, 0.1, 0.2), 0)
    assert np.ptp(row["subhalo_x"]) == pytest.approx(0, abs=1e-9)
    assert np.ptp(row["subhalo_y"]) == pytest.approx(2 * 0.3)
    assert matter_of(row) == Vortex(1e-23, np.pi / 2, pytest.approx(0.1), pytest.approx(0.2))


def test_a_preset_without_single_images_of_one_scale_is_not_in_the_lab():
    with pytest.raises(DatasetError, match="The lab has no preset 'superres'"):
        lab_row("superres", ROUND, (), 0)
