"""What the figure of a ranking shows."""

import numpy as np
import pytest

from lensmae.evaluation.grading.ranking import ranking
from lensmae.figures.ranking import ranking_curves


@pytest.mark.parametrize(("count", "ticks"), [(4, (0, 1, 2, 3, 4)), (30, None)])
def test_images_looked_at_are_counted_in_whole_numbers(count, ticks):
    scores = np.arange(count, dtype=float)
    figure = ranking_curves(ranking(scores, scores > count / 2, 0.01), 2, 0.01)
    assert figure.layout.xaxis.tickvals == ticks
