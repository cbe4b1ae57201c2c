"""The Grades view of a data set: filter, sort, go through, agree, rank, and take away."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.grading import measures, results
from lensmae.app.grading.desk import grader
from lensmae.app.grading.import_menu import import_menu, say_imported
from lensmae.app.grading.lenses import choose_truth, grade_lenses
from lensmae.app.grading.state import Sheet, with_marks
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.guard import fragment, whole_page
from lensmae.app.shared.widgets import SPLIT_OPTIONS, choose, progress_bar, unknown_value, unknown_values
from lensmae.data import DatasetInfo
from lensmae.data.records.grades import GRADES, graded, revision
from lensmae.data.value_titles import value_titles
from lensmae.evaluation.grading.sheet import UNGRADED, Filters, number_columns, sheet, text_columns, title, veiled
from lensmae.workspace import read_only

LIMITS = {"200": 200, "1000": 1000, "all": None}
_WRONG = "Predicted class is not the true one; “cannot tell” is no error."
_TITLES = {UNGRADED: "not graded", **{grade: f"{grade} · {words}" for grade, words in GRADES.items()}}


def grades(info: DatasetInfo, choice: Choice) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        split = choose("Split", SPLIT_OPTIONS, "split", default=3)
        most = choose("Lenses at most", list(LIMITS), "grade-most")
        predicted = "classifier" in choice.checkpoints and st.toggle("Predictions", key="grade-predicted", bind="query-params")
        errors = "mae" in choice.checkpoints and st.toggle("Reconstruction error", key="grade-errors", bind="query-params")
        truth = choose_truth(info)
    marks, drawn = graded(info.fingerprint), revision(info.fingerprint)
    rows, measured = _measured(info, choice, split, LIMITS[most], predicted, errors)
    table = sheet(loaders.get_dataset(info).lenses, rows, marks, measured)
    filters = _filters(info, table, marks)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = _choose_order(table)
        filters = replace(filters, **_range(table))

    def now() -> Sheet:
        """With the marks of the moment: those made one by one do not draw the whole view anew."""
        marks = graded(info.fingerprint)
        return with_marks(info, sheet(loaders.get_dataset(info).lenses, rows, marks, measured), marks, filters, order)

    seen = with_marks(info, table, marks, filters, order)
    say_imported()
    st.caption(f"{len(seen.shown):,} of {len(table):,} lenses.")
    if len(seen.shown):
        fragment(_one_by_one)(info, seen.shown["row"].to_numpy(), choice, drawn, truth)
        table_shown, alt = results.readable(seen.shown), "Lenses with their grades, one per row"
        table_shown = table_shown if truth else veiled(table_shown, marks, grader())
        options = {"hide_index": True, "height": 300, "placeholder": "–"}
        st.dataframe(table_shown, column_config=results.columns(table_shown), alt=alt, **options)
    results.take_away(seen, now)
    if not read_only():
        names = loaders.get_dataset(info).lenses["id"].astype(str)
        import_menu(info.fingerprint, lambda: dict(zip(map(str, range(len(names))), names, strict=True)), "row or id")
    measures.agree(marks)
    measures.rank(table, info.name, title)
    if measured is None:
        st.caption("“Predictions” and “Reconstruction error” above add what networks say, to rank and sort by.")


def _one_by_one(info: DatasetInfo, rows: np.ndarray, choice: Choice, drawn: int, truth: bool) -> None:
    """The lenses shown, to grade them in this order: a key draws the next lens and not the table, and a lens that no longer
    passes a filter keeps its place until the table is drawn anew."""
    grade_lenses(info, rows, choice, f"sheet-{info.fingerprint[:8]}", truth)
    if revision(info.fingerprint) != drawn:
        label, told = "Update the table", "It was drawn before the last marks were made. Downloads hold them already."
        st.button(label, icon=":material/refresh:", type="tertiary", key="update-sheet", help=told, on_click=whole_page)


def _measured(
    info: DatasetInfo, choice: Choice, split: str, limit: int | None, predicted: bool, errors: bool
) -> tuple[np.ndarray, pd.DataFrame | None]:
    """Rows (N,) of the data set, and what networks say of them."""
    from lensmae.data.store.dataset import select_rows

    if not predicted and not errors:
        return select_rows(loaders.get_dataset(info), split, limit), None
    columns: dict[str, np.ndarray] = {}
    rows = select_rows(loaders.get_dataset(info), split, limit)
    if predicted:
        called = loaders.called(choice.checkpoint("classifier").path, info, rows)
        columns["predicted"] = called.names
        columns |= {f"P({name})": called.answered[:, index] for index, name in enumerate(called.classes)}
    if errors:
        model, data = loaders.model_key(choice.checkpoint("mae").path), loaders.data_key(info)
        columns["reconstruction_mse"] = _errors(model, data, rows)
    return rows, pd.DataFrame(columns)


@st.cache_data(max_entries=16, show_spinner=False)
def _errors(model: loaders.ModelKey, data: loaders.DataKey, rows: np.ndarray) -> np.ndarray:
    from lensmae.evaluation.embeddings.embed import reconstruction_errors

    with progress_bar("Measuring reconstruction errors") as progress:
        return reconstruction_errors(loaders.get_model_by_key(model), loaders.get_dataset_by_key(data), rows, progress)


def _filters(info: DatasetInfo, table: pd.DataFrame, marks: pd.DataFrame) -> Filters:
    tags = sorted({tag for tags in marks["tags"] for tag in tags})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        grade = _pills("Grade", list(_TITLES), "f-grade", _TITLES.get)
        unknown_values("f-tags", tags, "tag")
        tagged = st.multiselect("Tags", tags, key="f-tags", bind="query-params", width=220) if tags else []
        classes = _pills("Class", list(info.classes), "f-class") if len(info.classes) > 1 else []
        predicted, wrong = [], False
        if "predicted" in table:
            predicted = _pills("Predicted", sorted(set(table["predicted"])), "f-predicted")
            wrong = st.toggle("Only errors", key="f-wrong", bind="query-params", help=_WRONG)
        text = st.text_input("Text", key="f-text", bind="query-params", width=180, help="In the id, a note or a tag.")
    return Filters(grade, tagged, classes, predicted, wrong, text=text)


def _pills(label: str, options: list[str], key: str, show: Callable[[str], str | None] | None = None) -> list[str]:
    return st.pills(label, options, selection_mode="multi", key=key, bind="query-params", format_func=show)


def _choose_order(table: pd.DataFrame) -> tuple[str, bool]:
    """The column to sort by, and whether its largest come first."""
    names = ["row", "grade", *(name for name in ("class", "predicted") if name in table)]
    names += [*number_columns(table), *text_columns(table)]
    unknown_value("sort", list(map(title, names)), "column to sort by", names[0])
    column = st.selectbox("Sort by", names, key="sort", bind="query-params", width=260, format_func=title)
    return column, st.toggle("Largest first", key="descending", bind="query-params")


def _range(table: pd.DataFrame) -> dict[str, Any]:
    """A column and what of it passes, a range or some names, as fields of `Filters`."""
    names = ["–", *number_columns(table), *text_columns(table)]
    unknown_value("f-column", list(map(title, names)), "column", "none")
    column = st.selectbox("Only with", names, key="f-column", bind="query-params", width=260, format_func=title)
    if column == names[0]:
        return {}
    if column in text_columns(table):
        options = sorted(set(table[column].dropna()))
        titles = dict(zip(options, value_titles(column, np.array(options)), strict=True))
        return {"column": column, "names": _pills(title(column).capitalize(), options, "f-names", titles.get)}
    values = table[column].dropna()
    helped = f"{values.min():.4g} to {values.max():.4g} here; empty: no limit."
    low = st.number_input("from", value=None, format="%g", key="f-low", bind="query-params", width=140, help=helped)
    high = st.number_input("to", value=None, format="%g", key="f-high", bind="query-params", width=140, help=helped)
    return {"column": column, "low": -np.inf if low is None else low, "high": np.inf if high is None else high}
