"""A data set as a table to work through: facts, predictions and grades of its lenses, filtered and sorted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lensmae.data.columns import column
from lensmae.data.records.grades import GRADES
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation.grading.agreement import combined
from lensmae.evaluation.parameters import without_lists

UNGRADED = "none"
_MARKED = ("grade", "tags", "note", "predicted", "class", "split")
_MOST_NAMES = 20
# What a sheet says of a lens that does not give away what it truly is.
_TOLD = ("row", "split", "tags", "predicted", "reconstruction_mse")
_JUDGED = ("grade", "note")
# What a sheet has beside the columns of the data set.
_TITLES = {"predicted": "predicted class", "reconstruction_mse": "reconstruction MSE", "origin_row": "row in the original set"}


@dataclass(frozen=True)
class Filters:
    """What is left of a sheet; an empty field leaves everything.

    Attributes:
        grades: of `GRADES`, and `UNGRADED`.
        tags: at least one of them.
        classes, predicted: class names.
        wrong: only lenses whose predicted class is not the true one; one that is withheld is no error.
        column, low, high: a column of numbers and its range; lenses without a value do not pass.
        names: those of `column` that pass, where it is one of `text_columns`; all where empty.
        text: that the id, a note or a tag holds.
    """

    grades: Sequence[str] = ()
    tags: Sequence[str] = ()
    classes: Sequence[str] = ()
    predicted: Sequence[str] = ()
    wrong: bool = False
    column: str = ""
    low: float = -np.inf
    high: float = np.inf
    names: Sequence[str] = ()
    text: str = field(default="")


def sheet(lenses: pd.DataFrame, rows: np.ndarray, graded: pd.DataFrame, measured: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row a lens: row, id, class, split, its grade over all graders, tags, note, what was measured, and its parameters.

    Args:
        lenses: the table of the data set.
        rows: (N,) of it.
        graded: as `lensmae.data.records.grades.graded` gives it; items are rows.
        measured: (N) further columns, predictions and scores, in the order of `rows`.
    """
    table = without_lists(lenses.iloc[rows]).reset_index(drop=True)
    table.insert(0, "row", rows)
    marks = combined(graded).set_index("item").reindex([str(row) for row in rows])
    first = pd.DataFrame({"row": rows})
    first = first.assign(**{name: table[name] for name in ("id", "class", "split") if name in table})
    first["grade"] = marks["grade"].fillna("").to_numpy()
    first["tags"] = [tags if isinstance(tags, tuple) else () for tags in marks["tags"]]
    first["note"] = marks["note"].fillna("").to_numpy()
    parts = [first] if measured is None else [first, measured.reset_index(drop=True)]
    taken = {name for part in parts for name in part}
    return pd.concat([*parts, table[[name for name in table if name not in taken]]], axis=1)


def chosen(table: pd.DataFrame, filters: Filters) -> np.ndarray:
    """Which rows of a sheet pass, (N,) bool."""
    keep = np.ones(len(table), dtype=bool)
    if filters.grades:
        keep &= table["grade"].replace("", UNGRADED).isin(filters.grades).to_numpy()
    if filters.tags:
        keep &= np.array([bool(set(tags) & set(filters.tags)) for tags in table["tags"]], dtype=bool)
    if filters.classes:
        keep &= table["class"].isin(filters.classes).to_numpy()
    if filters.predicted and "predicted" in table:
        keep &= table["predicted"].isin(filters.predicted).to_numpy()
    if filters.wrong and "predicted" in table:
        keep &= (~table["predicted"].isin(["", CANNOT_TELL]) & (table["predicted"] != table["class"])).to_numpy()
    if filters.names and filters.column in table:
        keep &= table[filters.column].isin(filters.names).to_numpy()
    elif filters.column in table.select_dtypes("number"):
        keep &= table[filters.column].between(filters.low, filters.high).to_numpy()
    return keep & _holding(table, filters.text.strip().lower())


def _holding(table: pd.DataFrame, text: str) -> np.ndarray:
    if not text:
        return np.ones(len(table), dtype=bool)
    words = table["id"].astype(str) + "\n" + table["note"] + "\n" + table["tags"].map("\n".join)
    return words.str.lower().str.contains(text, regex=False).to_numpy()


def ordered(table: pd.DataFrame, by: str, descending: bool) -> pd.DataFrame:
    """A sheet sorted by a column, equal ones in the order of their rows; grades from A to X, lenses without a value last."""
    if by not in table:
        return table
    values = table[by]
    if by == "grade":
        ranks = {grade: rank for rank, grade in enumerate(GRADES)}
        values = values.map(lambda grade: ranks.get(grade, np.nan))
    order = values.sort_values(ascending=not descending, kind="stable", na_position="last").index
    return table.loc[order].reset_index(drop=True)


def title(name: str) -> str:
    """The heading of a column of a sheet: label and unit."""
    return _TITLES.get(name) or column(name).title_in(False)


def number_columns(table: pd.DataFrame) -> list[str]:
    """Columns of numbers that differ between lenses."""
    numeric = table.select_dtypes("number").drop(columns=["row", "seed"], errors="ignore")
    return [name for name in numeric if numeric[name].nunique() > 1]


def text_columns(table: pd.DataFrame) -> list[str]:
    """Columns of names by which lenses can be told apart: the same ones occur again and again."""
    named = [name for name in table if column(name).role != "identity" and name not in _MARKED]
    return [name for name in named if not pd.api.types.is_numeric_dtype(table[name]) and 1 < table[name].nunique() <= _MOST_NAMES]


def veiled(table: pd.DataFrame, graded: pd.DataFrame, grader: str) -> pd.DataFrame:
    """A sheet for someone who grades: of lenses that they have not graded, class, id, parameters and what others graded are
    missing (None or nan); tags and what networks say stay. Who does not grade sees the grades of others.

    Args:
        table: the sheet.
        graded: as `lensmae.data.records.grades.graded` gives it; items are rows.
        grader: whose grades count.
    """
    done = set(graded["item"][(graded["grader"] == grader) & (graded["grade"] != "")])
    known = table["row"].astype(str).isin(done)
    open_to_all = _TOLD if grader else (*_TOLD, *_JUDGED)
    secret = [name for name in table if name not in open_to_all and not name.startswith("P(")]
    return table.assign(**{name: table[name].where(known) for name in secret})


def exported(table: pd.DataFrame) -> pd.DataFrame:
    """A table for a file: tags as JSON lists, which every format can hold."""
    return table.assign(tags=[json.dumps(list(tags), ensure_ascii=False) for tags in table["tags"]])
