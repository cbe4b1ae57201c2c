"""Going through lenses one by one."""

import numpy as np
import pytest

from lensmae.app.grading.lenses import _index


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        # Under "not graded", the lens before has left: the one in hand stays, and none is jumped over.
        ([5, 7, 9], 0),
        ([3, 5, 7, 9], 1),
        # It has itself left: the one that came into its place; at the end, the last.
        ([3, 7, 9], 1),
        ([3], 0),
    ],
)
def test_the_lens_in_hand_stays_where_others_leave(rows, index):
    assert _index(np.array(rows), 1, 5) == index
