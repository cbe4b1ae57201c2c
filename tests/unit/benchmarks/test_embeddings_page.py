import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.embeddings_page import embeddings_page


@pytest.mark.benchmark
def test_the_embeddings_benchmark_visits_returns_and_circles_lenses_in_a_real_browser():
    before, told = os.environ.get("LENSMAE_HOME"), []
    # In a thread of its own: the browser tests of this process have a Playwright at work in the main one.
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(embeddings_page, lambda done, total: told.append((done, total)), per_class=20, visits=1).result()
    assert result.lenses == 8 * 60
    assert told[-1][0] == told[-1][1]
    assert 0 < result.selected < result.lenses
    # The coordinates and rows alone are 12 bytes a lens.
    assert result.payload_mb > 12 * result.lenses / 1e6
    assert result.graphics
    assert os.environ.get("LENSMAE_HOME") == before
