"""A colour picture of three bands: the longest wavelength is red, equal bands are grey, row 0 stays first."""

import numpy as np

from lensmae.figures.images.colour import colour, three_of


def spot(row, column):
    rows, columns = np.indices((32, 32))
    return np.exp(-0.5 * ((rows - row) ** 2 + (columns - column) ** 2) / 2.0)


def test_each_band_shines_in_its_colour_where_it_is():
    bands = [spot(5, 5), spot(16, 16), spot(26, 8)]
    picture = colour(bands)
    assert picture.shape == (32, 32, 3)
    assert picture.dtype == np.uint8
    for (row, column), channel in (((5, 5), 2), ((16, 16), 1), ((26, 8), 0)):
        others = [one for one in range(3) if one != channel]
        assert picture[row, column, channel] > 150
        assert picture[row, column, others].max() < 5


def test_equal_bands_are_grey_whatever_their_unit_and_sky():
    picture = colour([spot(16, 16), 1e-9 * spot(16, 16) + 1e-9, 3e4 * spot(16, 16) - 50]).astype(int)
    assert np.ptp(picture, axis=2).max() <= 1


def test_of_many_bands_the_first_the_middle_and_the_last_are_taken():
    assert three_of(["u", "g", "r", "i", "z"]) == ("u", "r", "z")
