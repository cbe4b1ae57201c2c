"""Grading by keys in a real Chromium, and the table that comes out."""

import io

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NETWORKS, assert_no_error, downloaded, finished

pytestmark = pytest.mark.browser


def test_lenses_are_graded_by_keys_and_the_table_holds_the_grades(page, server):
    page.goto(f"{server}/data?{NETWORKS}&set=lenses&view=Grades")
    expect(page.get_by_text("1 of 90", exact=True)).to_be_visible()
    grader = page.get_by_role("textbox", name="Grader")
    grader.fill("ann")
    grader.press("Enter")
    note = page.get_by_role("textbox", name="Note")
    expect(note).to_be_visible()
    # Letters of a text are no grades.
    note.fill("abc x")
    finished(page)
    expect(page.get_by_text("1 of 90", exact=True)).to_be_visible()
    # Enter ends the note, a click sets the mark: after either, letters are grades.
    note.press("Enter")
    finished(page)
    box = page.get_by_role("checkbox", name="Go on")
    for _ in range(2):
        page.get_by_text("Go on", exact=True).click()
    expect(box).to_be_checked()
    for key in "abxc":
        page.keyboard.press(key)
    expect(page.get_by_text("5 of 90", exact=True)).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("4 of 90", exact=True)).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("3 of 90", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="X no lens")).to_have_attribute("aria-pressed", "true")
    # Files hold the marks of the moment; the table is drawn anew when one asks for it.
    finished(page)
    table = pd.read_csv(io.BytesIO(downloaded(page, "CSV", exact=True)), keep_default_na=False)
    assert table["grade"].tolist() == ["A", "B", "X"] + 87 * [""]
    assert table["note"].tolist() == ["abc x"] + 89 * [""]
    update = page.get_by_role("button", name="Update the table")
    update.click()
    expect(update).to_have_count(0)
    # The name outlives a reload, and is in no link.
    page.reload()
    expect(grader).to_have_value("ann")
    expect(page.get_by_role("button", name="X no lens")).to_be_enabled()
    assert "ann" not in page.url
    assert_no_error(page)
