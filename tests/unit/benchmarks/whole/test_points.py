import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.whole.points import points


@pytest.mark.benchmark
def test_gestures_on_points_are_timed():
    pytest.importorskip("playwright")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"))):
        pytest.skip("No Chromium or Chrome on this machine.")
    told = []
    # In a thread of its own: pytest-playwright's browser keeps an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(points, lambda *progress: told.append(progress), sizes=(300,), rounds=1).result()
    assert told == [(1, 1)]
    assert set(found.sizes) == {"300"}
    assert found.graphics
