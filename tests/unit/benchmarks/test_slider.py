"""The slider benchmark says plainly what it lacks."""

import sys

import pytest

from benchmarks import slider
from lensmae.errors import ConfigError


def test_without_playwright_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(ConfigError, match=r"requirements-dev\.txt"):
        slider.slider(lambda done, total: None)


def test_without_a_browser_it_says_where_it_looked(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="CHROMIUM"):
        slider.chromium()
