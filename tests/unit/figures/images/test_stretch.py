"""Stretches keep order and limits; colour tables are those of the libraries that define them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmae.figures import STRETCHES, colour_table, limits, stretched


@pytest.mark.parametrize("stretch", STRETCHES)
def test_a_stretch_maps_the_limits_to_zero_and_one_and_clips_beyond(stretch):
    shown = stretched(np.array([-5.0, -1.0, 3.0, 9.0]), stretch, low=-1.0, high=3.0)
    np.testing.assert_allclose(shown, [0, 0, 1, 1], atol=1e-6)


@given(st.sampled_from(STRETCHES), st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20))
def test_a_stretch_never_changes_the_order_of_pixels(stretch, values):
    shown = stretched(np.sort(np.array(values, dtype=np.float32)), stretch, 0.0, 1.0)
    assert (np.diff(shown) >= 0).all()


@pytest.mark.parametrize("stretch", ["asinh", "log", "sqrt"])
def test_all_but_the_linear_stretch_raise_the_faint(stretch):
    assert stretched(np.array([0.1]), stretch, 0.0, 1.0)[0] > 0.25


def test_an_image_without_contrast_has_a_stretch():
    assert np.isfinite(stretched(np.ones((4, 4)), "asinh", 1.0, 1.0)).all()


def test_an_unknown_stretch_is_named():
    with pytest.raises(ValueError, match="cubic"):
        stretched(np.ones(3), "cubic", 0, 1)


def test_limits_leave_out_equal_shares_at_both_ends_and_what_is_not_finite():
    pixels = np.r_[np.arange(1001.0), np.nan, np.inf]
    assert limits(pixels, 99.0) == pytest.approx((10.0, 990.0))


def test_the_flux_map_is_matplotlibs_inferno_at_its_ends():
    # First and last entry of inferno as matplotlib publishes it: #000004 and #fcffa4.
    table = colour_table("inferno").astype(int)
    assert table.shape == (256, 3)
    np.testing.assert_allclose(table[0], [0, 0, 4], atol=1)
    np.testing.assert_allclose(table[-1], [252, 255, 164], atol=1)


def test_a_blend_of_colours_passes_through_them():
    table = colour_table(["#000000", "#804020", "#ffffff"]).astype(int)
    np.testing.assert_allclose(table[[0, 255]], [[0, 0, 0], [255, 255, 255]])
    np.testing.assert_allclose(table[127:129].mean(axis=0), [128, 64, 32], atol=2)
