"""Masks made by hand survive the address, and a click and a box do what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.custom_masks import fill_box, flip_patch, mask_text, read_mask


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_mask_survives_its_text(rows, columns, seed):
    hidden = np.random.default_rng(seed).random((rows, columns)) > 0.5
    hidden.flat[0] = False
    np.testing.assert_array_equal(read_mask(mask_text(hidden), (rows, columns)), hidden)


@pytest.mark.parametrize("text", ["", "zz", "ff", "f" * 5000, "ü" * 4])
def test_a_text_that_is_no_mask_of_the_grid_is_named(text):
    with pytest.raises(ConfigError, match="4x4 patches"):
        read_mask(text, (4, 4))


def test_a_mask_must_show_something():
    with pytest.raises(ConfigError, match="at least one patch"):
        read_mask("ffff", (4, 4))
    almost = ~np.eye(2, dtype=bool)
    almost[0, 0] = True
    with pytest.raises(ConfigError, match="at least one patch"):
        flip_patch(almost, 1, 1)


def test_a_click_flips_one_patch_and_leaves_the_mask_it_came_from():
    hidden = np.zeros((3, 3), dtype=bool)
    flipped = flip_patch(hidden, 1, 2)
    assert np.argwhere(flipped).tolist() == [[1, 2]]
    assert not hidden.any()
    np.testing.assert_array_equal(flip_patch(flipped, 1, 2), hidden)


def test_a_box_hides_and_where_all_is_hidden_shows():
    hidden = np.zeros((4, 4), dtype=bool)
    hidden[1, 1] = True
    filled = fill_box(hidden, slice(1, 3), slice(1, 3))
    assert filled.sum() == 4
    assert fill_box(filled, slice(1, 3), slice(1, 3)).sum() == 0
