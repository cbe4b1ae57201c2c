"""What lies over the images reaches the browser in the pixels it was given in."""

import numpy as np
import pytest

from lensmae.figures import Line, Panel, Points, pack, shade, shared_scale
from tests.unit.figures.images.test_panels import unpack


@pytest.fixture
def panel():
    return Panel("Image", np.ones((4, 4), dtype=np.float32))


def test_points_and_lines_are_packed_with_their_places(panel):
    points = Points(
        "subhalos", np.array([1.25, 2.0]), np.array([3.0, 0.5]), labels=["a", "b"], sizes=np.array([4, 8]), panels=(0,)
    )
    line = Line("caustic", np.array([0.0, np.nan, 2.0]), np.array([1.0, np.nan, 3.0]), dashed=True)
    header, _ = unpack(pack([panel], shared_scale([panel]), [points, line]))
    first, second = header["overlays"]
    assert (first["kind"], first["x"], first["y"]) == ("points", [1.25, 2.0], [3.0, 0.5])
    assert (first["labels"], first["sizes"], first["panels"]) == (["a", "b"], [4.0, 8.0], [0])
    assert (second["kind"], second["x"], second["dashed"], second["panels"]) == ("line", [0.0, None, 2.0], True, None)


def test_one_size_holds_for_all_points():
    assert Points("p", np.zeros(3), np.zeros(3), sizes=6).entry()["sizes"] == [6.0, 6.0, 6.0]


def test_a_measure_is_shaded_from_zero_to_its_largest_value(panel):
    weights = Panel("Attention", np.array([[0.0, 0.2, 0.4]]), measure="weight")
    np.testing.assert_array_equal(shade(weights, shared_scale([panel])), [[0, 128, 255]])
    header, _ = unpack(pack([panel, weights], shared_scale([panel, weights])))
    assert header["panels"][1]["measure"] == {"unit": "weight", "limits": [[0.0, 0.4]]}
    assert [entry["colours"] for entry in header["panels"]] == ["flux", "measure"]


def test_a_measure_below_zero_starts_at_its_smallest_value():
    assert Panel("Similarity", np.array([[-1.0, 1.0]]), measure="cosine").own_limits.tolist() == [[-1.0, 1.0]]
    assert Panel("Flat", np.zeros((2, 2)), measure="weight").own_limits.tolist() == [[0.0, 1.0]]


def test_every_frame_of_a_measure_has_a_scale_of_its_own(panel):
    frames = Panel("Error", np.array([[[0.0, 1.0]], [[0.0, 10.0]]]), measure="MSE")
    np.testing.assert_array_equal(shade(frames, shared_scale([panel]))[:, 0], [[0, 255], [0, 255]])
