"""Distributions of parameters, against counts made by hand."""

import numpy as np
import pandas as pd
import pytest

from lensmae.data import PRESETS, open_dataset
from lensmae.evaluation.parameters import Positions, constants, describe_row, distributions, without_lists


def lenses(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"id": [f"{i}" for i in range(n)], "class": ["cdm"] * n, "split": "test", **columns})


def test_every_lens_is_in_one_bin_and_classes_are_kept_apart():
    table = lenses(source_x=np.linspace(-1, 1, 100))
    table.loc[::2, "class"] = "axion"
    found = distributions(table)[0]
    assert found.label == "source position x (arcsec)"
    assert {kind: counts.sum() for kind, counts in found.counts.items()} == {"axion": 50, "cdm": 50}
    expected, _ = np.histogram(table["source_x"][table["class"] == "cdm"], found.edges)
    np.testing.assert_array_equal(found.counts["cdm"], expected)


def test_values_over_orders_of_magnitude_are_binned_in_log10_and_evenly_spread_ones_are_not():
    found = distributions(lenses(axion_mass_ev=np.logspace(-24, -22, 50), axion_angle=np.linspace(1e-4, 6.28, 50)))
    assert [entry.label for entry in found] == ["log10(axion mass / eV)", "vortex angle (rad)"]
    assert found[0].edges[[0, -1]] == pytest.approx([-24, -22])


def test_lists_are_counted_and_pooled_and_their_places_are_a_map():
    mass, x, y = [[1e7, 1e9], [], [1e8]], [[0.5, -0.5], [], [1.0]], [[0.5, 0.5], [], [-1.0]]
    table = lenses(subhalo_mass=list(map(np.array, mass)), subhalo_x=list(map(np.array, x)), subhalo_y=list(map(np.array, y)))
    number, masses, places = distributions(table)
    assert (number.name, number.counts["cdm"].tolist()) == ("subhalos", [1, 1, 1])
    assert masses.counts["cdm"].sum() == 3
    assert isinstance(places, Positions)
    assert places.counts.sum() >= 2
    # Rows run along y: the two upper ones are above the middle row.
    assert places.counts[len(places.counts) // 2 :].sum() == 2


def test_words_become_bars_and_missing_values_are_left_out():
    table = lenses(camera=["HST", "JWST", "HST"], axion_mass_ev=[np.nan, 1e-23, 2e-23])
    camera, mass = distributions(table)
    assert (camera.words, camera.counts["cdm"].tolist()) == (("HST", "JWST"), [2, 1])
    assert mass.counts["cdm"].sum() == 2


def test_what_is_the_same_in_all_lenses_is_listed_and_not_drawn():
    table = lenses(theta_E=[1.28148936] * 3, e1=[0.1] * 3, seed=[1, 2, 3])
    assert distributions(table) == []
    assert constants(table).to_dict("list") == {
        "parameter": ["Einstein radius parameter theta_E", "lens ellipticity e1"],
        "value": ["1.28149", "0.1"],
        "unit": ["arcsec", ""],
        "column": ["theta_E", "e1"],
    }


def test_lists_that_only_some_strata_of_a_mixture_have_are_counted_and_pooled():
    pair = np.array([0.5, -0.5])
    table = lenses(clump_x=[None, pair, np.nan], clump_y=[None, pair, np.nan], clump_R_sersic=[None, pair, np.nan])
    table = table.assign(stratum=["model_ii", "survey", "model_ii"])
    counted, places, _ = distributions(table)
    assert counted.counts["cdm"].tolist() == [2, 0, 1]
    assert isinstance(places, Positions)
    assert places.counts.sum() == 2
    assert list(without_lists(table)) == ["id", "class", "split", "stratum"]
    assert "clump_x" not in describe_row(table.iloc[0])["column"].tolist()


def test_presets_and_nuisances_are_told_by_their_titles():
    row = pd.Series({"stratum": "survey_jwst", "nuisance": "none", "own": "x"})
    assert describe_row(row)["value"].tolist() == [PRESETS["survey_jwst"].title, "none", "x"]
    assert describe_row(pd.Series({"nuisance": "noise"}))["value"].tolist() == ["Noise"]


def test_a_simulated_set_is_described_from_its_file(workspace_with_lenses):
    table = open_dataset("lenses").lenses
    names = [entry.name for entry in distributions(table)]
    assert {"source_x", "source_y", "subhalos", "subhalo_mass", "axion_mass_ev", "cdm subhalo positions"} <= set(names)
    row = describe_row(table[table["class"] == "cdm"].iloc[0]).set_index("column")
    assert row["value"]["subhalo_mass"].startswith("25 from ")
    assert row["unit"]["theta_E"] == "arcsec"
    assert "axion_mass_ev" not in row.index
    assert not [name for name in without_lists(table) if name.startswith("subhalo")]
