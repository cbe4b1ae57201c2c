"""What is on the screen of the Grades view."""

from dataclasses import dataclass

import pandas as pd

from lensmae.data import DatasetInfo
from lensmae.evaluation.grading.sheet import Filters, chosen, ordered


@dataclass(frozen=True)
class Sheet:
    """Lenses of a data set with their grades.

    Attributes:
        table: all lenses that were asked for.
        shown: those that pass the filters, in their order.
        graded: the marks of every grader.
    """

    info: DatasetInfo
    table: pd.DataFrame
    shown: pd.DataFrame
    graded: pd.DataFrame


def with_marks(info: DatasetInfo, table: pd.DataFrame, graded: pd.DataFrame, filters: Filters, order: tuple[str, bool]) -> Sheet:
    """The view of a sheet.

    Args:
        info: of the data set.
        table: a sheet of its lenses.
        graded: the marks that are in the table.
        filters: which lenses are shown.
        order: column to sort by, and whether its largest come first.
    """
    return Sheet(info, table, ordered(table[chosen(table, filters)].reset_index(drop=True), *order), graded)
