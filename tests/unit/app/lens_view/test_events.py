"""Events of the canvas: what a browser sends is read, what it should not send is not."""

import pytest

from lensmae.app.lens_view.events import Box, Click, Drag, read_event


def test_a_click_knows_its_pixel_and_its_patch():
    click = read_event({"kind": "click", "panel": 1, "x": 7.6, "y": 3.4}, 16, 32)
    assert click == Click(1, 7.6, 3.4)
    assert click.pixel == (3, 8)
    assert click.patch(4) == (0, 2)


def test_a_box_touches_the_patches_it_spans_from_whichever_corner_it_was_drawn():
    box = read_event({"kind": "box", "panel": 0, "x": [11.5, 3.5], "y": [-0.5, 7.5]}, 16, 16)
    assert box == Box(0, 3.5, -0.5, 11.5, 7.5)
    assert box.patches(4) == (slice(0, 2), slice(1, 3))


def test_a_box_within_one_patch_is_that_patch():
    assert Box(0, 5.0, 5.0, 5.0, 5.0).patches(4) == (slice(1, 2), slice(1, 2))


def test_places_outside_the_image_are_clipped_to_it():
    click = read_event({"kind": "click", "panel": 0, "x": 1e9, "y": -7}, 16, 16)
    assert click.patch(4) == (0, 3)


def test_a_drag_says_which_point_of_which_overlay():
    raw = {"kind": "drag", "name": "clump", "index": 2, "x": 1, "y": 2, "final": True}
    assert read_event(raw, 16, 16) == Drag("clump", 2, 1.0, 2.0, True)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "click",
        {},
        {"kind": "click", "panel": 0, "x": "far", "y": 1},
        {"kind": "click", "panel": 0, "x": float("nan"), "y": 1},
        {"kind": "box", "panel": 0, "x": 3, "y": [1, 2]},
        {"kind": "box", "panel": 0, "x": [1, 2, 3], "y": [1, 2]},
        {"kind": "drag", "name": "clump"},
        {"kind": "click", "panel": float("inf"), "x": 1, "y": 1},
    ],
)
def test_what_cannot_be_read_did_not_happen(raw):
    assert read_event(raw, 16, 16) is None
