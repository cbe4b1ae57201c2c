import shutil

import pytest

from benchmarks.whole.points import points


@pytest.mark.slow
def test_gestures_on_points_are_timed():
    pytest.importorskip("playwright")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"))):
        pytest.skip("No Chromium or Chrome on this machine.")
    told = []
    found = points(lambda *progress: told.append(progress), sizes=(300,), rounds=1)
    assert told == [(1, 1)]
    speed = found.sizes["300"]
    assert min(speed.draw_s, speed.pan_ms, speed.colour_s) > 0
