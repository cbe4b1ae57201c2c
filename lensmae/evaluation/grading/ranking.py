"""A ranking by a score as a search would use it: how much of what is sought is in the first N, and how pure they are."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lensmae.evaluation.proportions import exact_interval


def ranking(scores: np.ndarray, sought: np.ndarray, prevalence: float) -> pd.DataFrame:
    """Recall and purity after every rank of a ranking, the highest score first; ties count as one step at their end.

    Args:
        scores: (N,) not nan; -inf is ranked last.
        sought: (N,) bool, what is looked for.
        prevalence: share of the sought in the survey that the ranking is meant for, in (0, 1).

    Columns: n (images looked at), threshold (their lowest score), recall (share of the sought among them), false_positive_rate
    (share of the others among them), purity (share of the sought among them), purity_at_prevalence (the same where the sought
    are that share p of all: p r / (p r + (1 - p) f)). nan where there are no sought, or no others.
    """
    if len(scores) == 0:
        return pd.DataFrame(columns=["n", "threshold", "recall", "false_positive_rate", "purity", "purity_at_prevalence"])
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(sought[order])
    last = np.append(ranked[1:] != ranked[:-1], True)
    n, found = (np.arange(len(scores)) + 1)[last], hits[last]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = found / sought.sum()
        false = (n - found) / (~sought).sum()
        share = prevalence * recall
        pure = share / (share + (1 - prevalence) * false)
    return pd.DataFrame(
        {
            "n": n,
            "threshold": ranked[last],
            "recall": recall,
            "false_positive_rate": false,
            "purity": found / n,
            "purity_at_prevalence": pure,
        }
    )


def at_most(table: pd.DataFrame, count: int) -> pd.Series | None:
    """The last step of a ranking that looks at no more than `count` images; None where the first looks at more."""
    within = table[table["n"] <= count]
    return None if within.empty else within.iloc[-1]


def ranking_intervals(step: Mapping[str, float], sought: int, others: int, prevalence: float) -> dict[str, tuple[float, float]]:
    """95 % intervals of the recall, purity and purity_at_prevalence of one step of a ranking, from the exact binomial ones.

    Args:
        step: of `ranking`.
        sought, others: how many images are sought, and are not.
        prevalence: as for `ranking`.

    The bounds of the purity at a prevalence are those of recall and false-positive rate at 97.5 % each, so that they hold for
    both at once with 95 % or more.
    """
    found = round(step["recall"] * sought) if sought else 0
    missed = round(step["n"]) - found

    def pure(recall: float, false: float) -> float:
        return prevalence * recall / max(prevalence * recall + (1 - prevalence) * false, 1e-300)

    recall, false = exact_interval(found, sought, 0.975), exact_interval(missed, others, 0.975)
    return {
        "recall": exact_interval(found, sought),
        "purity": exact_interval(found, found + missed),
        "purity_at_prevalence": (pure(recall[0], false[1]), pure(recall[1], false[0])),
    }
