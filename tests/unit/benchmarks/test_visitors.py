"""The benchmark of many visitors speaks with a real server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.slider import served_dashboard
from benchmarks.visitors import crowd


@pytest.mark.benchmark
def test_visitors_get_their_pictures_without_an_error(workspace_with_lenses):
    with served_dashboard(str(workspace_with_lenses)) as address, ThreadPoolExecutor(1) as pool:
        # In a thread of its own: Playwright's event loop runs in this one once a browser test has run in this process.
        found = pool.submit(lambda: asyncio.run(crowd(address, 2, 0.0))).result()
    assert found.visitors == 2
    assert found.changes >= 2
    assert found.errors == 0
    assert 0 < found.median_s <= found.p95_s
