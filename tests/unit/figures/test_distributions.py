import numpy as np

from lensmae.evaluation.parameters import Distribution, Positions
from lensmae.figures import CLASS_COLOURS
from lensmae.figures.distributions import distribution


def test_a_histogram_has_a_step_line_a_class_in_its_colour():
    counts = {"cdm": np.array([3, 5]), "axion": np.array([2, 2])}
    drawn = distribution(Distribution("theta_E", "theta_E (arcsec)", np.array([0.0, 1.0, 2.0]), counts))
    assert [trace.name for trace in drawn.data] == ["cdm", "axion"]
    assert drawn.data[0].line.color == CLASS_COLOURS["cdm"]
    assert drawn.data[0].y.tolist() == [0, 3, 3, 5, 5, 0]
    assert drawn.data[0].x.tolist() == [0, 0, 1, 1, 2, 2]
    assert drawn.layout.xaxis.title.text == "theta_E (arcsec)"


def test_classes_of_very_different_numbers_get_a_logarithmic_axis():
    counts = {"cdm": np.array([3, 5]), "axion": np.array([0, 2000])}
    assert distribution(Distribution("m", "m", np.arange(3.0), counts)).layout.yaxis.type == "log"


def test_places_are_a_map_with_equal_axes():
    counts = np.arange(16).reshape(4, 4)
    drawn = distribution(Positions("cdm subhalos", "subhalos of cdm", np.linspace(-2, 2, 5), counts))
    np.testing.assert_array_equal(drawn.data[0].z, counts)
    assert drawn.data[0].x.tolist() == [-1.5, -0.5, 0.5, 1.5]
    assert drawn.layout.yaxis.scaleanchor == "x"
