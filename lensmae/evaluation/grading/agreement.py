"""Do graders agree? Cohen's kappa of every pair, plain and weighted."""

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from lensmae.data.records.grades import GRADES
from lensmae.evaluation.proportions import exact_interval

_ORDER = list(GRADES)


def agreement(graded: pd.DataFrame) -> pd.DataFrame:
    """One row a pair of graders who graded images in common.

    Args:
        graded: columns item, grader, grade, as `graded` gives them; rows without a grade do not count.

    Columns: graders, images (that both graded), agree (share with equal grades), agree_low and agree_high (its exact 95 %
    interval), kappa (Cohen 1960), weighted_kappa (quadratic weights, A to X in equal steps). nan where kappa is not defined: both
    gave one and the same grade throughout.
    """
    wide = graded[graded["grade"] != ""].pivot(index="item", columns="grader", values="grade")
    rows = []
    for first, second in combinations(sorted(wide.columns), 2):
        both = wide[[first, second]].dropna()
        if len(both):
            rows.append({"graders": f"{first} and {second}", "images": len(both)} | _scores(both[first], both[second]))
    return pd.DataFrame(rows, columns=["graders", "images", "agree", "agree_low", "agree_high", "kappa", "weighted_kappa"])


def _scores(first: pd.Series, second: pd.Series) -> dict[str, float]:
    same = first == second
    low, high = exact_interval(int(same.sum()), len(same))
    agree = {"agree": float(same.mean()), "agree_low": low, "agree_high": high}
    if len(set(first) | set(second)) < 2:
        return agree | {"kappa": np.nan, "weighted_kappa": np.nan}
    kappa = cohen_kappa_score(first, second, labels=_ORDER)
    weighted = cohen_kappa_score(first, second, labels=_ORDER, weights="quadratic")
    return agree | {"kappa": float(kappa), "weighted_kappa": float(weighted)}


def combined(graded: pd.DataFrame) -> pd.DataFrame:
    """One row an item over all graders: columns item, grade (the median, the better of two middle ones), graders, tags, note."""
    rows = []
    for item, entries in graded.groupby("item", sort=False):
        indices = sorted(_ORDER.index(grade) for grade in entries["grade"] if grade)
        grade = _ORDER[indices[(len(indices) - 1) // 2]] if indices else ""
        tags = tuple(sorted({tag for tags in entries["tags"] for tag in tags}))
        note = " · ".join(dict.fromkeys(note for note in entries["note"] if note))
        rows.append({"item": item, "grade": grade, "graders": len(indices), "tags": tags, "note": note})
    return pd.DataFrame(rows, columns=["item", "grade", "graders", "tags", "note"])
