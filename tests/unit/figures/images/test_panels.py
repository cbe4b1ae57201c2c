"""What is packed for the browser can be read back, and its shades mean what they should."""

import json

import numpy as np
import pytest

from lensmae.figures import Panel, on_own_limits, pack, residual_bound, shade, shared_scale


def unpack(packed):
    """Read the format as `lens_view.js` does: header length, JSON header, body."""
    length = int.from_bytes(packed[:4], "little")
    return json.loads(packed[4 : 4 + length]), packed[4 + length :]


@pytest.fixture
def panels(rng):
    image = rng.normal(size=(8, 8)).astype(np.float32)
    drawn = rng.normal(size=(3, 8, 8)).astype(np.float32)
    hidden = rng.random((3, 4, 4)) > 0.5
    return [Panel("Image", image), Panel("Drawn", drawn), Panel("Error", drawn - image, residual=True, covered=~hidden)]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_values_survive_packing_bit_for_bit(panels):
    header, body = unpack(pack(panels, shared_scale(panels), unit="counts"))
    assert header["unit"] == "counts"
    for entry, panel in zip(header["panels"], panels, strict=True):
        values = np.frombuffer(body, "<f4", panel.pixels.size, entry["values"])
        np.testing.assert_array_equal(values.reshape(panel.pixels.shape), panel.pixels)
        assert (entry["frames"], entry["height"], entry["width"]) == (panel.pixels.size // 64, 8, 8)


def test_every_array_starts_where_a_float_array_may(panels):
    packed = pack(panels, shared_scale(panels))
    header, _ = unpack(packed)
    assert int.from_bytes(packed[:4], "little") % 4 == 0
    assert [entry["values"] % 4 for entry in header["panels"]] == [0, 0, 0]


def test_covered_patches_are_packed_as_they_are(panels):
    header, body = unpack(pack(panels, shared_scale(panels)))
    entry = header["panels"][2]
    covered = np.frombuffer(body, np.uint8, 48, entry["covered"]).reshape(3, 4, 4)
    np.testing.assert_array_equal(covered.astype(bool), panels[2].covered)
    assert entry["grid"] == [4, 4]


def test_all_flux_panels_share_the_limits_of_the_first():
    first, second = Panel("a", np.array([[0.0, 2.0]])), Panel("b", np.array([[1.0, 4.0]]))
    scale = shared_scale([first, second], "linear", 100.0)
    assert (scale.low, scale.high) == (0.0, 2.0)
    np.testing.assert_array_equal(shade(second, scale), [[128, 255]])


def test_a_residual_of_zero_is_in_the_middle_and_equal_sizes_lie_equally_far_from_it():
    image = Panel("image", np.ones((1, 3)))
    residual = Panel("error", np.array([[-2.0, 0.0, 2.0]]), residual=True)
    scale = shared_scale([image, residual])
    low, middle, high = shade(residual, scale)[0].astype(int)
    assert middle in (127, 128)
    assert abs((middle - low) - (high - middle)) <= 1


def test_what_is_covered_does_not_set_the_scale_of_residuals():
    covered = np.array([[[True, False]]])
    residual = Panel("error", np.array([[[50.0, 1.0]]]), residual=True, covered=covered)
    assert shared_scale([Panel("image", np.ones((1, 2))), residual]).bound <= 1.0


def test_residuals_of_reconstructions_have_one_scale_however_many_frames_there_are_yet():
    image, frames = np.array([[0.0, 0.0, 0.0, 8.0]]), np.array([[[0.1, 0.0, 0.0, 0.0]], [[50.0, -50.0, 0.0, 0.0]]])
    bound = residual_bound(image)
    # 99 % of four pixels lie within 0.97 of the way from the third to the last.
    assert bound == pytest.approx(0.5 * 0.97 * 8.0)
    some = Panel("error", frames[:1], residual=True, available=(0,), bound=bound)
    for panel in (some, Panel("error", frames, residual=True, bound=bound)):
        assert shared_scale([Panel("image", image), panel]).bound == bound
    # Few pixels that are not sky, or none.
    assert residual_bound(np.pad(np.full((1, 1), 3.0), 20)) == 1.0
    assert residual_bound(np.ones((4, 4))) == 1.0


def test_a_perfect_prediction_has_a_scale():
    residual = Panel("error", np.zeros((4, 4)), residual=True)
    assert shared_scale([Panel("image", np.ones((4, 4))), residual]).bound == 1.0


def test_measures_that_are_compared_have_one_scale_in_every_frame_and_flux_is_left_alone():
    from lensmae.figures.images.panels import compared

    first = Panel("a", np.stack([np.full((2, 2), 1.0), np.full((2, 2), 5.0)]), measure="MSE")
    second = Panel("b", np.stack([np.full((2, 2), 3.0), np.full((2, 2), 2.0)]), measure="MSE")
    late = Panel("c", np.full((1, 2, 2), 9.0), measure="MSE", available=(1,))
    other, flux = Panel("d", np.full((2, 2), 70.0), measure="%"), Panel("e", np.ones((2, 2)))
    one, two, three, four, five = compared([first, second, late, other, flux])
    np.testing.assert_array_equal(one.own_limits, [[0, 3], [0, 9]])
    np.testing.assert_array_equal(two.own_limits, one.own_limits)
    np.testing.assert_array_equal(three.own_limits, [[0, 9]])
    np.testing.assert_array_equal(four.own_limits, [[0, 70]])
    assert five is flux


def test_lenses_of_several_units_each_fill_their_own_range_and_residuals_keep_the_common_one():
    random = np.random.default_rng(4)
    faint, bright = (scale * random.random((8, 8), dtype=np.float32) for scale in (1e-3, 50.0))
    panels = [Panel("faint", faint), Panel("bright", bright), Panel("residual", bright - 25, residual=True)]
    own = on_own_limits(panels)
    scale = shared_scale(own, "linear")
    shades = [shade(panel, scale) for panel in own]
    assert [shade_.max() for shade_ in shades[:2]] == [255, 255]
    np.testing.assert_allclose(shades[1] / 255, (bright - bright.min()) / np.ptp(bright), atol=0.003)
    np.testing.assert_array_equal(shades[2], shade(panels[2], scale))
