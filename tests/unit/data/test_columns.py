"""One table of columns: every column that a preset writes is in it, and the page of the documents is written from it."""

from pathlib import Path

import numpy as np
import pytest

from lensmae.data import PRESETS, simulate_lens
from lensmae.data.columns import COLUMNS, QUANTITIES, column, data_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "data.md"
TYPES = {
    "text": str,
    "whole number": int | np.integer,
    "number": float | np.floating,
    "list of numbers": list | np.ndarray,
}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_column_of_a_preset_is_known_with_its_type(preset):
    for class_name in PRESETS[preset].classes:
        for name, value in simulate_lens(preset, class_name, 1).parameters.items():
            assert name in COLUMNS
            assert isinstance(value, TYPES[COLUMNS[name].type]), name


def test_axis_titles_have_the_unit_and_say_where_they_are_logarithms():
    assert COLUMNS["source_x"].title == "source position x (arcsec)"
    assert COLUMNS["n_sersic"].title == "source n_sersic"
    assert COLUMNS["axion_mass_ev"].title == "log10(axion mass / eV)"
    assert QUANTITIES["largest_subhalo_mass"].title == "log10(largest subhalo mass / Msun)"


def test_a_column_that_a_file_brought_keeps_its_name():
    assert (column("redshift").label, column("redshift").unit, column("redshift").role) == ("redshift", "", "parameter")


def test_every_column_has_a_meaning_and_a_title_of_its_own():
    described = [*COLUMNS.values(), *QUANTITIES.values()]
    assert [one.name for one in described if not one.meaning.endswith(".")] == []
    assert len({one.title for one in described}) == len({one.name for one in described}) == len(described)


def test_the_page_of_the_documents_is_the_tables():
    assert PAGE.read_text(encoding="utf-8") == data_page(), "`lensmae gallery` writes it."
