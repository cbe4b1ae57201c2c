"""Grades, tags and notes: kept as a log, read as a state, safe with several graders at once."""

import sqlite3
import threading

import pandas as pd
import pytest

from lensmae.data.records.database import records_path
from lensmae.data.records.grades import (
    COLUMNS,
    Mark,
    add_marks,
    graded,
    import_grades,
    items_by_tag,
    known_graders,
    known_tags,
    revision,
    undo,
)
from lensmae.errors import RecordError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path))
    return tmp_path


def grade(item, value, grader="ann", sample="set"):
    add_marks(sample, grader, [Mark(item, f"lens {item}", "grade", value)])


def state(sample="set"):
    return {(row.item, row.grader): (row.grade, row.tags, row.note) for row in graded(sample).itertuples()}


def test_nothing_was_graded_at_first_and_reading_makes_no_file():
    assert graded("set").empty
    assert tuple(graded("set").columns) == COLUMNS
    assert known_tags() == known_graders() == []
    assert not records_path().exists()


def test_the_last_word_of_each_grader_counts_and_graders_do_not_overwrite_each_other():
    grade("1", "A")
    grade("1", "B")
    grade("1", "X", grader="bob")
    grade("1", "C", sample="another set")
    add_marks("set", "ann", [Mark("1", "lens 1", "tag", "ring"), Mark("1", "lens 1", "tag", "blue")])
    add_marks("set", "ann", [Mark("1", "lens 1", "untag", "ring"), Mark("2", "lens 2", "note", "look again")])
    assert state() == {
        ("1", "ann"): ("B", ("blue",), ""),
        ("1", "bob"): ("X", (), ""),
        ("2", "ann"): ("", (), "look again"),
    }
    assert known_graders() == ["ann", "bob"]
    assert known_tags() == ["blue", "ring"]


def test_undo_takes_back_ones_own_last_entry_only():
    grade("1", "A")
    grade("1", "B")
    grade("1", "X", grader="bob")
    assert undo("set", "ann") == [Mark("1", "lens 1", "grade", "B")]
    assert state() == {("1", "ann"): ("A", (), ""), ("1", "bob"): ("X", (), "")}
    assert undo("set", "ann")[0].value == "A"
    assert undo("set", "ann") == []
    assert state() == {("1", "bob"): ("X", (), "")}


def test_what_was_marked_at_once_is_undone_at_once():
    grade("1", "A")
    add_marks("set", "ann", [Mark(item, f"lens {item}", "tag", "ring") for item in "123"])
    assert [mark.item for mark in undo("set", "ann")] == ["3", "2", "1"]
    assert state() == {("1", "ann"): ("A", (), "")}


def test_every_entry_and_every_undoing_is_another_revision():
    seen = [revision("set")]
    for _ in range(2):
        add_marks("set", "ann", [Mark("1", "one", "grade", "A")])
        seen.append(revision("set"))
    for _ in range(2):
        undo("set", "ann")
        seen.append(revision("set"))
    assert len(set(seen)) == len(seen)
    add_marks("other", "ann", [Mark("1", "one", "grade", "A")])
    assert revision("set") == seen[-1]


def test_many_visitors_at_once_lose_nothing():
    problems = []

    def visit(number):
        try:
            for item in range(15):
                grade(str(item), "ABCX"[number % 4], grader=f"grader {number}")
        except RecordError as problem:
            problems.append(problem)

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(6)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert problems == []
    assert state() == {(str(item), f"grader {number}"): ("ABCX"[number % 4], (), "") for item in range(15) for number in range(6)}


@pytest.mark.parametrize(
    ("grader", "mark", "said"),
    [
        (" ", Mark("1", "", "grade", "A"), "who grades"),
        ("ann", Mark("1", "", "grade", "D"), "no grade"),
        ("ann", Mark("1", "", "tag", " "), "needs a name"),
        ("ann", Mark("1", "", "note", "x" * 3000), "2000 characters"),
    ],
)
def test_what_is_no_mark_is_refused_whole(grader, mark, said):
    with pytest.raises(RecordError, match=said):
        add_marks("set", grader, [Mark("2", "", "grade", "A"), mark])
    assert graded("set").empty


def test_a_read_only_dashboard_keeps_nothing(monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    with pytest.raises(RecordError, match="read-only"):
        grade("1", "A")
    assert not records_path().exists()


@pytest.mark.parametrize("content", [b"no database, whatever its name says. " * 40, b"SQLite format 3\x00" + b"\xff" * 200])
def test_a_damaged_file_is_named_and_left_as_it_is(content):
    records_path().write_bytes(content)
    for use in (lambda: graded("set"), lambda: grade("1", "A")):
        with pytest.raises(RecordError, match=r"records\.sqlite"):
            use()
    assert records_path().read_bytes() == content


def test_a_file_of_a_later_version_is_refused():
    grade("1", "A")
    with sqlite3.connect(records_path()) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordError, match="another version"):
        graded("set")


def test_what_was_exported_as_csv_or_parquet_comes_back_the_same(tmp_path):
    grade("1", "A")
    add_marks("set", "ann", [Mark("1", "lens 1", "tag", "a; b"), Mark("1", "lens 1", "note", "Größe, “quoted”\nline")])
    grade("0", "C", grader="bob")
    before = graded("set")
    before.assign(tags=[pd.io.json.ujson_dumps(list(tags)) for tags in before["tags"]]).to_csv(tmp_path / "g.csv", index=False)
    before.to_parquet(tmp_path / "g.parquet")
    labels = {str(item): f"lens {item}" for item in range(3)}
    for sample, table in (("csv", pd.read_csv(tmp_path / "g.csv")), ("parquet", pd.read_parquet(tmp_path / "g.parquet"))):
        assert import_grades(sample, table, labels) == 2
        assert state(sample) == state("set")


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        # As a spreadsheet holds it: headings and grades in either case, tags with commas, rows that say nothing.
        ({"File": ["a.fits", "b.fits"], "Grade": ["a", ""], "Tags": ["ring, blue", ""]}, {"0": ("A", ("blue", "ring"))}),
        ({"id": ["b.fits"], "tags": ["arc, north; 3"]}, {"1": ("", ("3", "arc, north"))}),
        ({"row": [1], "tags": ["7"]}, {"1": ("", ("7",))}),
        # Row 1 of another set: the name tells which lens it is here.
        ({"row": [1], "id": ["a.fits"], "grade": ["C"]}, {"0": ("C", ())}),
    ],
)
def test_tables_as_people_write_them_are_taken_over(columns, kept):
    assert import_grades("set", pd.DataFrame(columns), {"0": "a.fits", "1": "b.fits"}) == len(kept)
    assert {item: (grade, tags) for (item, _), (grade, tags, _) in state().items()} == kept


def test_an_import_that_fits_in_part_only_takes_over_nothing():
    labels = {"0": "a.fits", "1": "b.fits"}
    for table, said in (
        (pd.DataFrame({"file": ["a.fits", "c.fits"], "grade": ["A", "B"]}), r"Row 2 .* no image"),
        (pd.DataFrame({"file": ["a.fits", "b.fits"], "grade": ["A", "Z"]}), "no grade"),
        (pd.DataFrame({"row": [1], "id": ["z.fits"], "grade": ["A"]}), "of another set"),
        (pd.DataFrame({"file": ["a.fits"], "class": ["cdm"]}), "it needs grade, tags or note"),
    ):
        with pytest.raises(RecordError, match=said):
            import_grades("set", table, labels)
    assert graded("set").empty


def test_items_are_found_by_their_tags_whoever_gave_them(home):
    add_marks("set", "ann", [Mark("3", "c", "tag", "arc"), Mark("1", "a", "tag", "arc"), Mark("1", "a", "tag", "blue")])
    add_marks("set", "bob", [Mark("2", "b", "tag", "arc"), Mark("1", "a", "untag", "blue")])
    add_marks("set", "ann", [Mark("1", "a", "untag", "blue")])
    assert items_by_tag("set") == {"arc": ["1", "2", "3"]}
