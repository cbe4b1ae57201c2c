import numpy as np
import pandas as pd
import pytest

from lensmae.data import open_dataset
from lensmae.evaluation.embeddings.selection import count_table, selection_table
from lensmae.evaluation.facts import fact, fact_names


@pytest.fixture
def lenses(workspace_with_lenses):
    return open_dataset("lenses").lenses


def test_only_what_tells_lenses_apart_is_offered(lenses):
    names = fact_names(lenses)
    assert {"class", "split", "source position x (arcsec)", "log10(axion mass / eV)", "number of subhalos"} <= set(names)
    # The same in every Model II lens, or in no other lens.
    assert not any(name.startswith(("Einstein", "id", "seed", "source file")) for name in names)


def test_every_fact_has_the_name_it_is_offered_by_and_one_value_a_lens(lenses):
    for name in fact_names(lenses):
        found = fact(lenses, name)
        assert found.name == name
        assert len(found.names if found.values is None else found.values) == len(lenses)


def test_subhalos_are_summed_up_a_lens_at_a_time():
    table = pd.DataFrame(
        {
            "class": ["cdm", "no_sub", "cdm", "axion"],
            "subhalo_mass": [np.array([1e8, 1e9]), np.array([]), np.array([1e7]), np.array([2e6, 2e6])],
            "subhalo_x": [np.array([0.1, 3.0]), np.array([]), np.array([1.0]), np.array([0.0, 1.0])],
            "subhalo_y": [np.array([0.1, 4.0]), np.array([]), np.array([0.0]), np.array([0.0, 1.0])],
        }
    )
    expected = {
        "number of subhalos": [2, 0, 1, 2],
        # A single subhalo is the largest; a vortex is a line of equal points, of which none is.
        "log10(largest subhalo mass / Msun)": [9, np.nan, 7, np.nan],
        "log10(total substructure mass / Msun)": [np.log10(1.1e9), np.nan, 7, np.log10(4e6)],
        "distance of the largest subhalo from the centre (arcsec)": [5, np.nan, 1, np.nan],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(fact(table, name).values, values)


def test_a_fact_of_some_lenses_is_theirs_even_where_they_do_not_differ(lenses):
    some = lenses[lenses["class"] == "no_sub"]
    assert np.isnan(fact(some, "log10(axion mass / eV)").values).all()


def test_counts_by_class_add_up():
    table = count_table(np.array(["cdm", "axion", "cdm", "axion"]), np.array([True, False, True, True]))
    assert table.to_dict("list") == {"class": ["axion", "cdm"], "selected": [1, 2], "of": [2, 2], "part": [1 / 3, 2 / 3]}


def test_the_table_of_a_selection_has_the_facts_the_places_and_the_colour(lenses):
    rows = np.array([3, 40])
    colour = fact(lenses.iloc[rows], "number of subhalos")
    table = selection_table(lenses.iloc[rows], rows, np.array([[0.0, 1.0], [2.0, 3.0]]), colour)
    assert table["row"].tolist() == [3, 40]
    assert table["id"].tolist() == lenses["id"].iloc[rows].tolist()
    assert table["projection_y"].tolist() == [1.0, 3.0]
    assert table["number of subhalos"].tolist() == [0.0, 25.0]
    assert "subhalo_mass" not in table.columns
