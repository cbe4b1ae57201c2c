"""Planes of embeddings: every point keeps its lens, and the browser gets numbers only."""

import numpy as np
import plotly.io
import pytest

from lensmae.figures import CLASS_COLOURS, Mark, class_scatter, scatter, selected_rows, value_scatter

CLASSES = ("no_sub", "cdm", "axion")


@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_point_keeps_its_row_and_its_class(dimensions):
    points = np.arange(6.0 * dimensions).reshape(6, dimensions)
    labels = np.array(["cdm", "axion", "cdm", "no_sub", "axion", "cdm"])
    rows = np.arange(10, 16)
    figure = class_scatter(points, labels, rows, "PCA")
    found = {}
    for trace in figure.data:
        places = zip(*(getattr(trace, axis) for axis in "xyz"[:dimensions]), strict=True)
        found |= {int(row): (trace.name.split(" ")[0], *place) for row, place in zip(trace.customdata, places, strict=True)}
    assert found == {row: (label, *point) for row, label, point in zip(rows, labels, points, strict=True)}
    assert {trace.name.split(" ")[0]: trace.marker.color for trace in figure.data} == {n: CLASS_COLOURS[n] for n in CLASSES}


def test_a_number_colours_the_points_that_have_one_and_the_others_are_grey():
    figure = value_scatter(np.eye(3, 2), np.array([1.0, np.nan, 3.0]), np.array([5, 6, 7]), "UMAP", "mass (Msun)")
    grey, coloured = figure.data
    assert grey.customdata.tolist() == [6]
    assert coloured.customdata.tolist() == [5, 7]
    assert coloured.marker.color.tolist() == [1.0, 3.0]
    assert coloured.marker.colorbar.title.text == "mass (Msun)"


def test_marks_are_drawn_last_and_are_no_lens_of_a_selection():
    figure = class_scatter(np.eye(3, 2), np.array(["a", "b", "a"]), np.arange(3), "PCA", [Mark("lens 2", np.array([0.5, 0.25]))])
    mark = figure.data[-1]
    assert (mark.name, mark.x[0], mark.y[0]) == ("lens 2", 0.5, 0.25)
    assert mark.customdata is None


def test_ninety_thousand_points_are_less_than_two_megabytes():
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(90_000, 2)), np.array(CLASSES)[rng.integers(0, 3, 90_000)]
    assert len(plotly.io.to_json(class_scatter(points, labels, np.arange(90_000), "UMAP"), validate=False)) < 2e6
    values = value_scatter(points, rng.normal(size=90_000), np.arange(90_000), "UMAP", "source_x (arcsec)")
    assert len(plotly.io.to_json(values, validate=False)) < 2.5e6


def test_a_selection_gives_its_rows_back_however_the_browser_wraps_them():
    points = [{"customdata": 4}, {"customdata": [7]}, {"x": 1.0}, {"customdata": []}]
    assert selected_rows({"selection": {"points": points}}) == [4, 7]


def test_of_very_many_points_some_are_drawn_always_the_same_in_their_order(monkeypatch):
    monkeypatch.setattr(scatter, "MOST_DRAWN", 100)
    many = np.arange(0, 5000, 2)
    drawn = scatter.drawn_part(many)
    assert len(np.unique(drawn)) == len(drawn) == 100
    assert np.isin(drawn, many).all()
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn, scatter.drawn_part(many))
    # From all of them: the mean of a hundred of 2,500 evenly spread numbers.
    assert abs(drawn.mean() - many.mean()) < 500
    np.testing.assert_array_equal(scatter.drawn_part(many[:100]), many[:100])
