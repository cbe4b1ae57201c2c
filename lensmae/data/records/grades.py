"""Grades, tags and notes: a log of what every grader said of every image, from which the present state is read.

Grades are those of lens searches: A a certain lens, B a probable one, C a possible one, X none. Two graders never overwrite each
other: every entry only adds to the log, and undoing marks the grader's own last entry.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pandas as pd

from lensmae.data.records.database import changing, reading
from lensmae.errors import RecordError

GRADES = {"A": "certain", "B": "probable", "C": "possible", "X": "no lens"}
COLUMNS = ("item", "label", "grader", "grade", "tags", "note", "changed")
_LONGEST = {"grader": 60, "tag": 60, "note": 2000, "label": 200}
Kind = Literal["grade", "tag", "untag", "note"]


@dataclass(frozen=True)
class Mark:
    """One entry of the log.

    Attributes:
        item: what is marked, within its sample: a row of a data set, the digest of a file.
        label: its name for people.
        kind: "untag" takes a tag away.
        value: the grade, the tag, or the text of the note; an empty grade or note takes the last one away.
    """

    item: str
    label: str
    kind: Kind
    value: str


def add_marks(sample: str, grader: str, marks: Iterable[Mark]) -> None:
    """Add entries of one grader, all or none.

    Args:
        sample: what the items are of: the fingerprint of a data set, or a name of one's own.
        grader: name of who grades.
        marks: what to add.

    Raises:
        RecordError: for a grader without a name, a grade that is none, or a text that is too long.
    """
    # It also tells what was made at once: `undo` takes that back at once.
    made = datetime.now(UTC).isoformat(timespec="microseconds")
    name = _short("grader", grader.strip())
    if not name:
        raise RecordError("Say who grades first: a name or initials.")
    rows = [(sample, mark.item, _label(mark.label), name, mark.kind, _value(mark), made) for mark in marks]
    with changing() as connection:
        connection.executemany(
            "INSERT INTO marks (sample, item, label, grader, kind, value, made) VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )


def undo(sample: str, grader: str) -> list[Mark]:
    """Take back what the grader did last in a sample: one entry, or all of an import or of a selection that were made at once.
    What they were, the last first; empty where there is nothing."""
    with changing() as connection:
        mine = "FROM marks WHERE sample = ? AND grader = ? AND undone = 0"
        last = f"made = (SELECT made {mine} ORDER BY id DESC LIMIT 1)"
        query, given = f"SELECT id, item, label, kind, value {mine} AND {last} ORDER BY id DESC", (sample, grader.strip())
        found = connection.execute(query, (*given, *given)).fetchall()
        connection.executemany("UPDATE marks SET undone = 1 WHERE id = ?", [(row[0],) for row in found])
    return [Mark(*row[1:]) for row in found]


def graded(sample: str, item: str | None = None) -> pd.DataFrame:
    """The present state of a sample, or of one image of it: one row for every image and grader, columns `COLUMNS`; `tags` are
    tuples, sorted; `changed` is ISO time."""
    query = "SELECT item, label, grader, kind, value, made FROM marks WHERE sample = ? AND undone = 0"
    query, given = (query, (sample,)) if item is None else (f"{query} AND item = ?", (sample, item))
    with reading() as connection:
        log = [] if connection is None else connection.execute(f"{query} ORDER BY id", given).fetchall()
    state: dict[tuple[str, str], dict] = {}
    for item, label, grader, kind, value, made in log:
        now = state.setdefault((item, grader), {"item": item, "grader": grader, "grade": "", "tags": set(), "note": ""})
        now |= {"label": label, "changed": made}
        if kind == "tag":
            now["tags"].add(value)
        elif kind == "untag":
            now["tags"].discard(value)
        else:
            now[kind] = value
    rows = [now | {"tags": tuple(sorted(now["tags"]))} for now in state.values()]
    told = [row for row in rows if row["grade"] or row["tags"] or row["note"]]
    return pd.DataFrame(told, columns=list(COLUMNS))


def revision(sample: str) -> int:
    """A number that is another one after every entry of a sample and every undoing, whoever made it."""
    query = "SELECT COUNT(*) + SUM(undone) FROM marks WHERE sample = ?"
    with reading() as connection:
        return 0 if connection is None else connection.execute(query, (sample,)).fetchone()[0] or 0


def items_by_tag(sample: str) -> dict[str, list[str]]:
    """The items of a sample that any grader has given each tag, tags and items sorted."""
    found: dict[str, set[str]] = {}
    for row in graded(sample).itertuples():
        for tag in row.tags:
            found.setdefault(tag, set()).add(row.item)
    return {tag: sorted(found[tag]) for tag in sorted(found)}


def known_tags() -> list[str]:
    """All tags of the workspace, sorted."""
    with reading() as connection:
        query = "SELECT DISTINCT value FROM marks WHERE kind = 'tag' AND undone = 0 ORDER BY value"
        return [] if connection is None else [row[0] for row in connection.execute(query)]


def known_graders() -> list[str]:
    """All graders of the workspace, sorted."""
    with reading() as connection:
        query = "SELECT DISTINCT grader FROM marks WHERE undone = 0 ORDER BY grader"
        return [] if connection is None else [row[0] for row in connection.execute(query)]


def import_grades(sample: str, table: pd.DataFrame, labels: Mapping[str, str]) -> int:
    """Take over a table of grades, as `graded` gives it or with the columns item (or label) and grade, tags, note, grader.

    Args:
        sample: key of the lenses.
        table: one row a grade.
        labels: item -> label of the sample; a row of the table is found by its item, else by its label.

    Returns the number of rows that have a grade, tags or a note. Raises `RecordError`, and takes over nothing, where a row is of
    no item of the sample or holds a grade that is none.
    """
    table = table.rename(columns={name: str(name).strip().lower() for name in table})
    by_label = {label: item for item, label in labels.items()}
    if "grade" not in table and "tags" not in table and "note" not in table:
        raise RecordError(f"The table has the columns {', '.join(map(str, table.columns))}; it needs grade, tags or note.")
    by_grader: dict[str, list[Mark]] = {}
    told = 0
    for number, row in enumerate(table.to_dict("records"), start=1):
        item = _found(row, labels, by_label, number)
        marks = _marks(row, item, labels[item])
        told += bool(marks)
        by_grader.setdefault(_text(row.get("grader")) or "imported", []).extend(marks)
    for marks in by_grader.values():
        for mark in marks:
            _value(mark)
    for grader, marks in by_grader.items():
        add_marks(sample, grader, marks)
    return told


def _found(row: dict, labels: Mapping[str, str], by_label: Mapping[str, str], number: int) -> str:
    item = next((_text(row.get(name)) for name in ("item", "row") if _text(row.get(name)) in labels), None)
    named = next((text for name in ("label", "id", "file") if (text := _text(row.get(name)))), "")
    if item is not None and (not named or _label(labels[item]) == _label(named)):
        return item
    # Rows of another set, or of some of its lenses, are other lenses here: the name decides.
    if named in by_label:
        return by_label[named]
    if item is not None:
        raise RecordError(f"Row {number} of the table is of {named}, and {item} is {labels[item]} here: it is of another set.")
    raise RecordError(f"Row {number} of the table names no image that is here; it needs a column item, label, id or file.")


def _marks(row: dict, item: str, label: str) -> list[Mark]:
    marks: list[Mark] = []
    for kind in ("grade", "note"):
        if value := _text(row.get(kind)):
            marks.append(Mark(item, label, kind, value.upper() if kind == "grade" else value))
    return marks + [Mark(item, label, "tag", tag) for tag in _tags(row.get("tags"))]


def _tags(value: object) -> list[str]:
    if isinstance(value, str):
        text = value
        with contextlib.suppress(ValueError):
            value = json.loads(text)
        if not isinstance(value, list):
            value = text.split(";" if ";" in text else ",")
    found = value if isinstance(value, (list, tuple)) or hasattr(value, "tolist") else []
    return [tag for one in found if (tag := _text(one))]


def _text(value: object) -> str:
    """A cell of a table as text; "" where it is empty. Numbers of rows come back from CSV as 3.0 where a cell is missing."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value).strip()


def _value(mark: Mark) -> str:
    value = mark.value.strip()
    if mark.kind == "grade" and value and value not in GRADES:
        raise RecordError(f"“{value[:20]}” is no grade; the grades are {', '.join(GRADES)}.")
    if mark.kind in ("tag", "untag") and not value:
        raise RecordError("A tag needs a name.")
    return value if mark.kind == "grade" else _short("note" if mark.kind == "note" else "tag", value)


def _short(what: str, text: str) -> str:
    if len(text) > _LONGEST[what]:
        raise RecordError(f"A {what} may have {_LONGEST[what]} characters, and this one has {len(text)}.")
    return text


def _label(text: str) -> str:
    return text[: _LONGEST["label"]]
