"""Going through lenses of a data set, one after the other, to grade them."""

import numpy as np
import streamlit as st

from lensmae.app.grading.desk import Items, desk, grader, own_marks
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.plain_text import plain
from lensmae.data import DatasetInfo
from lensmae.figures import Panel
from lensmae.workspace import read_only


def lens_items(info: DatasetInfo, rows: np.ndarray) -> Items:
    """Lenses of a data set as things to grade."""
    names = loaders.get_dataset(info).lenses["id"]
    return Items(info.fingerprint, len(rows), lambda index: str(rows[index]), lambda index: str(names.iloc[rows[index]]))


def choose_truth(info: DatasetInfo) -> bool:
    """Draw the choice whether a grader sees the true class, and in the table what others graded, from the start; nothing is
    hidden of a set of one class."""
    if len(info.classes) < 2 or read_only():
        return True
    helped = "Else class, id, parameters and the grades of others are hidden until you have graded a lens: they would sway you."
    return st.toggle("Show classes and others' grades", key="truth", bind="query-params", help=helped)


def grade_lenses(info: DatasetInfo, rows: np.ndarray, choice: Choice, key: str, truth: bool) -> None:
    """One of the lenses large, and the controls; the arrows lead through `rows` in their order.

    Args:
        truth: whether the true class is said before there is a grade.
    """
    kept = f"_at-{key}"
    index = _index(rows, *st.session_state.get(kept, (0, int(rows[0]))))
    row = int(rows[index])
    left, right = st.columns([2, 3], gap="large")
    with left:
        panel = Panel(f"Lens {row}", loaders.lens_image(info, row))
        lens_view([panel], key=f"grade-{key}", unit=loaders.flux_unit(info, row), **choice.display)
    with right:
        st.caption(_described(info, row, truth))
        desk(lens_items(info, rows), index, lambda at: st.session_state.update({kept: (at, int(rows[at]))}), key)


def _described(info: DatasetInfo, row: int, truth: bool) -> str:
    # The id of a simulated lens names its class too.
    if truth or own_marks(info.fingerprint, str(row), grader())["grade"]:
        return loaders.describe_lens(info, row)
    return plain(f"{loaders.get_dataset(info).lenses['split'].iloc[row]} split · true class hidden until you have graded it")


def _index(rows: np.ndarray, before: int, row: int) -> int:
    """Where the lens that was shown last now is among `rows`; where it is no longer one of them, its index of `before`."""
    found = np.flatnonzero(rows == row)
    return int(found[0]) if len(found) else min(before, len(rows) - 1)


def grade_some(info: DatasetInfo, rows: np.ndarray, choice: Choice, key: str) -> None:
    """The same below a gallery, once it is asked for."""
    folded = st.expander(f"Grade these {len(rows):,}", icon=":material/grading:", key=f"grade-some-{key}", on_change="rerun")
    if folded.open:
        with folded:
            # A key draws the next lens alone, not the curves and galleries around it.
            fragment(_grade_some)(info, rows, choice, key)


def _grade_some(info: DatasetInfo, rows: np.ndarray, choice: Choice, key: str) -> None:
    grade_lenses(info, rows, choice, key, choose_truth(info))
