"""Where a step's images come from."""

import numpy as np
import torch

from lensmae.training.loading.feed import Rows


def test_rows_are_those_of_the_array_in_float32():
    source = np.random.default_rng(0).random((7, 4, 5))
    found = Rows(source).rows(np.array([5, 0, 5]), torch.device("cpu"))
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), source[[5, 0, 5]].astype(np.float32))


def test_an_array_stays_on_a_device_where_a_quarter_of_its_memory_holds_it():
    images = np.zeros((10, 8, 8), np.float16)
    # 640 pixels of four bytes.
    assert Rows(images).fits(4 * 2560)
    assert not Rows(images).fits(4 * 2560 - 1)
