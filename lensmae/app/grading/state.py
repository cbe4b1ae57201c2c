"""What is on the screen of the Grades view."""

from dataclasses import dataclass

import pandas as pd

from lensmae.data import DatasetInfo


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
