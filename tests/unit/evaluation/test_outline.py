"""Lassos and boxes in a plane, and how an address names them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

from lensmae.evaluation.embeddings.selection import Outline, held, outlines

ANGLES = np.linspace(0, 2 * np.pi, 400, endpoint=False)
POINTS = np.random.default_rng(0).normal(size=(5000, 2))


def circle(x=0.0, radius=1.0):
    return {"x": (x + radius * np.cos(ANGLES)).tolist(), "y": (radius * np.sin(ANGLES)).tolist()}


def test_a_lasso_keeps_its_points_with_few_corners():
    """Against matplotlib on all corners that were drawn; only points by the thinned line may change sides."""
    drawn = circle()
    (outline,) = outlines({"lasso": [drawn], "box": []})
    assert len(outline.corners) < 60
    exact = Path(np.column_stack([drawn["x"], drawn["y"]])).contains_points(POINTS)
    changed = outline.holds(POINTS) != exact
    assert np.abs(np.hypot(*POINTS[changed].T) - 1).max(initial=0) < 0.02
    assert outline.holds(POINTS).sum() == pytest.approx(exact.sum(), rel=0.02)


def test_a_box_holds_what_lies_between_its_corners():
    (outline,) = outlines({"lasso": [], "box": [{"x": [0.5, -1.25], "y": [-0.5, 2.0]}]})
    inside = (POINTS[:, 0] > -1.25) & (POINTS[:, 0] < 0.5) & (POINTS[:, 1] > -0.5) & (POINTS[:, 1] < 2)
    assert np.array_equal(outline.holds(POINTS), inside)


def test_several_outlines_hold_what_any_of_them_holds():
    around = outlines({"lasso": [circle(-2), circle(2)], "box": []})
    assert np.array_equal(held(around, POINTS), around[0].holds(POINTS) | around[1].holds(POINTS))


def test_a_line_encloses_nothing():
    assert outlines({"lasso": [{"x": [0, 1, 2], "y": [0, 1, 2]}], "box": [{"x": [1, 1], "y": [1, 1]}]}) == []


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=3, max_size=100))
def test_the_text_gives_the_same_outline_again(corners):
    outline = Outline.drawn(*zip(*corners, strict=True))
    if outline is not None:
        assert Outline.read(outline.text) == outline


@given(st.text(alphabet="0123456789.,;-+einaf|x ", max_size=60))
def test_any_other_text_is_refused_with_a_value_error(text):
    try:
        corners = Outline.read(text).corners
    except ValueError:
        return
    assert len(corners) > 2
    assert np.isfinite(corners).all()
