"""Figures of errors draw the numbers they were given."""

import numpy as np
import pytest

from lensmae.figures import error_against_ratio, place_among


def test_the_lens_and_the_band_of_its_set_are_drawn():
    ratios, errors = np.array([0.0, 0.5, 0.9]), np.array([np.nan, 1e-3, 1e-2])
    band = (np.array([0.5, 0.9]), np.array([1e-4, 1e-3]), np.array([5e-4, 5e-3]), np.array([2e-3, 2e-2]))
    figure = error_against_ratio(ratios, errors, band, "set")
    lens = next(trace for trace in figure.data if trace.name == "this lens")
    assert (list(lens.x), list(lens.y)) == ([0.5, 0.9], [1e-3, 1e-2])
    assert [trace.name for trace in figure.data if trace.name] == ["set, 16-84 %", "set, median", "this lens"]
    assert len(error_against_ratio(ratios, errors, None, "set").data) == 1


def test_a_histogram_counts_all_lenses_and_marks_the_one():
    values = 10 ** np.random.default_rng(0).normal(-3, 0.3, 200)
    figure = place_among(values, 1e-3, "MSE", "set")
    bars, line = figure.data
    assert sum(bars.y) == 200
    assert list(line.x) == [1e-3, 1e-3]
    assert figure.layout.xaxis.title.text == "MSE"
    counts, _ = np.histogram(values, bins=np.r_[bars.customdata[:, 0], bars.customdata[-1, 1]])
    assert counts.tolist() == pytest.approx(list(bars.y), abs=1)
