"""What the figures of an image's domain check show."""

import numpy as np

from lensmae.figures import class_scatter
from lensmae.figures.ood_comparison import Measure, domain_strips, with_uploads


def test_a_strip_holds_the_held_out_lenses_and_the_image_and_colours_tell_outside():
    held_out = np.random.default_rng(0).random(1000)
    figure = domain_strips([Measure("distance", 0.4, held_out), Measure("error", 3.0, held_out)])
    *strips, images = figure.data
    assert len(strips) == 2
    assert set(strips[0].customdata) <= set(held_out)
    assert {held_out.min(), held_out.max()} <= set(strips[0].customdata)
    assert list(images.x) == [0.4, 3.0]
    assert images.marker.color[0] != images.marker.color[1]
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.yaxis.ticktext) == ["distance<br>0.4 × the limit", "error<br>3 × the limit"]


def test_measures_far_below_their_limits_stand_at_the_edge_and_the_first_strip_is_on_top():
    figure = domain_strips([Measure("risk", 1e-12, np.array([3e-12, 0.5])), Measure("distance", 20.0, np.array([0.2]))])
    *strips, images = figure.data
    assert [list(strip.x) for strip in strips] == [[1e-3, 0.5], [0.2]]
    assert [list(strip.customdata) for strip in strips] == [[3e-12, 0.5], [0.2]]
    assert (list(images.x), list(images.customdata)) == ([1e-3, 20.0], [1e-12, 20.0])
    first, last = figure.layout.yaxis.range
    assert first > last


def test_uploads_are_stars_over_the_plane_and_the_chosen_one_is_larger():
    points = np.random.default_rng(1).random((5, 2))
    drawing = class_scatter(points, np.array(["cdm"] * 5), np.arange(5), "PCA")
    stars = with_uploads(drawing, points[:2], ["x.fits", "y.fits"], "y.fits").data[-1]
    np.testing.assert_array_equal(np.stack([stars.x, stars.y], axis=1), points[:2])
    assert stars.marker.size[1] > stars.marker.size[0]
    assert stars.marker.symbol == "star"
