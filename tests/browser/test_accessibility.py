"""Every page under axe-core: no serious or critical violation."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import NETWORKS, finished

pytestmark = pytest.mark.browser
PAGES = ("", "reconstruction", "classification", "superresolution", "embeddings", "analyse", "lens_lab", "data", "training")


def test_no_page_has_a_serious_violation(page, server):
    found = []
    for name in PAGES:
        page.goto(f"{server}/{name}?{NETWORKS}&pairs=pairs&method=PCA")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        finished(page)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found += [f"{name or 'overview'}: {violation['id']}: {node['html'][:160]}" for node in violation["nodes"]]
    assert found == []
