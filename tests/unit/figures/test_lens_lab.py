import numpy as np

from lensmae.data.simulation.lens_lab import Subhalo, lab_row, observe
from lensmae.figures import pack, shared_scale
from lensmae.figures.lens_lab import lab_lines, lab_panels
from tests.unit.data.simulation.test_lens_lab import ROUND


def test_curves_in_arcsec_lie_on_the_pixels_that_they_pass():
    ring = np.array([[0.0, 1.0], [0.0, -1.0]])
    critical, caustics = lab_lines([ring, ring], [np.zeros((2, 2))], pixels=64, scale=0.1)
    assert np.isnan(critical.x).sum() == 2
    np.testing.assert_allclose(critical.y[:2], [31.5 + 10, 31.5 - 10])
    np.testing.assert_allclose((caustics.x[0], caustics.y[0]), (31.5, 31.5))
    assert (critical.panels, caustics.panels) == ((0,), (3,))


def test_a_lens_without_curves_can_be_packed():
    seen = observe(lab_row("model_ii", ROUND, [Subhalo(1e9, 0.5, 0.5)], 0), "model_ii")
    panels = lab_panels(seen.image, seen.expected, seen.smooth, seen.source)
    assert [panel.residual for panel in panels] == [False, True, False, False]
    np.testing.assert_array_equal(panels[1].pixels, seen.expected - seen.smooth)
    assert pack(panels, shared_scale(panels), lab_lines([], [], 64, 0.1))
