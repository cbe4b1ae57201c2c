"""A training as its user sees it: launched, followed, left alone by its dashboard, stopped, resumed, promoted, put to use."""

import re

import pytest
from playwright.sync_api import expect

from lensmae.data import open_dataset
from lensmae.models import load_checkpoint
from lensmae.training import change_epochs, end_now, get_run, list_runs, open_run, read_log
from tests.browser.conftest import finished, serve
from tests.models import save_small_networks

pytestmark = [pytest.mark.browser, pytest.mark.slow]
POINTS = "() => document.querySelector('.js-plotly-plot')?.calcdata?.[0]?.length ?? 0"


@pytest.fixture
def visit(chromium):
    """Open pages at 1440 pixels; all are closed with the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(120_000)
    expect.set_options(timeout=120_000)
    yield context.new_page
    context.close()


@pytest.fixture
def _no_run_left(workspace_with_lenses):
    yield
    for status in list_runs():
        if status.state in ("running", "queued"):
            end_now(status.id)


def press(page, name):
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name=name, exact=True).click()


def state(page, wanted):
    metric = page.get_by_test_id("stMetric").filter(has_text="State")
    expect(metric.get_by_test_id("stMetricValue")).to_have_text(wanted)


@pytest.mark.usefixtures("_no_run_left")
def test_a_training_from_launch_to_use_across_a_restart_of_the_dashboard(workspace_with_lenses, visit):
    home = workspace_with_lenses
    save_small_networks(home)
    with serve("dashboard.py", home) as address:
        page = visit()
        page.goto(f"{address}/training?kind=Classifier")
        page.get_by_role("combobox", name=re.compile("start from")).click()
        page.get_by_role("option", name="small-mae").click()
        page.get_by_role("spinbutton", name="epochs").fill("100000")
        page.get_by_role("textbox", name="Name of the run").fill("mine")
        press(page, "Start training")
        state(page, "running")
        page.wait_for_function(f"({POINTS})() >= 2")
        seen = page.evaluate(POINTS)
        # The curve moves, and the page is not loaded again for it.
        page.evaluate("window.stayed = true")
        page.wait_for_function(f"({POINTS})() > {seen}")
        assert page.evaluate("window.stayed")
        page.close()
    # The dashboard has ended; the run has not.
    before = get_run("mine")
    assert before.state == "running", read_log("mine")
    with serve("dashboard.py", home) as address:
        page = visit()
        page.goto(f"{address}/training?run=mine")
        state(page, "running")
        page.wait_for_function(f"({POINTS})() >= 2")
        press(page, "Stop")
        state(page, "stopped")
        stopped = get_run("mine")
        assert stopped.step > before.step
        # A little longer than it got, so that the test comes to an end.
        config = open_run("mine").config()
        change_epochs("mine", config.epochs * (stopped.step + 20) / stopped.total_steps)
        press(page, "Resume")
        state(page, "finished")
        assert get_run("mine").step > stopped.step
        page.get_by_text("Promote to a named checkpoint").click()
        page.get_by_role("textbox", name="Name", exact=True).fill("best")
        press(page, "Measure and promote")
        page.get_by_role("link", name="Open it on the page Classification").click()
        expect(page.get_by_role("heading", level=1, name="Classification")).to_be_visible()
        page.wait_for_url(re.compile("classifier=best"))
        finished(page)
        errors = page.locator('[data-testid="stAlertContentError"], [data-testid="stException"]')
        assert errors.all_inner_texts() == []
    best = load_checkpoint("best")
    assert best.card.metrics["test"]["n"] == len(open_dataset("lenses").indices("test"))
    assert best.predict(open_lenses()).shape == (2, 3)


def open_lenses():
    return open_dataset("lenses").images[:2]
