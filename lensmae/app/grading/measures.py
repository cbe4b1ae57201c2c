"""How well graders agree, and how a ranking finds what is sought."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.shared.widgets import figure, unfit_number
from lensmae.evaluation.grading.agreement import agreement
from lensmae.evaluation.grading.ranking import at_most, ranking, ranking_intervals
from lensmae.evaluation.grading.sheet import number_columns
from lensmae.figures.ranking import ranking_curves


def agree(marks: pd.DataFrame) -> None:
    """Agreement of every pair of graders; nothing where nobody shares an image with another."""
    table = agreement(marks)
    if table.empty:
        return
    st.header("Agreement", anchor=False)
    number = st.column_config.NumberColumn
    kappa = number("Cohen's kappa", format="%.2f", help="1: always, 0: as chance would have it.")
    weighted = number("weighted", format="%.2f", help="Quadratic weights: a near miss counts little.")
    titles = {"agree": "equal grades", "agree_low": "95 % from", "agree_high": "95 % to"}
    columns = {name: number(title, format="percent") for name, title in titles.items()}
    columns |= {"kappa": kappa, "weighted_kappa": weighted}
    st.dataframe(table, hide_index=True, width="content", column_config=columns, placeholder="–")


def rank(ranked: pd.DataFrame, name: str, titles: Callable[[str], str]) -> None:
    """A ranking by a column: how much of what is sought is among the first N, and how pure they would be in a survey.

    Args:
        ranked: one row an image, with grade, tags (tuples), columns of numbers, and the true class where it is known.
        name: of what the images are of, for files.
        titles: of columns, for people.
    """
    sought = _sought(ranked)
    scores = sorted(number_columns(ranked), key=_unlikely)
    if not sought or not scores:
        return
    st.header("Ranking", anchor=False)
    unfit_number("rank-prevalence", 1e-6, 1.0, "prevalence")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        what = st.selectbox("Find", list(sought), key="rank-find", bind="query-params", width=220)
        by = st.selectbox("Ranked by", scores, key="rank-by", bind="query-params", width=320, format_func=titles)
        upward = st.toggle("Smallest first", key="rank-up", bind="query-params")
        first = st.number_input("Look at the first", 1, len(ranked), min(20, max(1, len(ranked) // 2)), key="rank-n", width=150)
        helped = "Share of what is sought among all images of the survey."
        prevalence = st.number_input(
            "Prevalence", 1e-6, 0.999, 0.01, format="%g", key="rank-prevalence", bind="query-params", width=150, help=helped
        )
    values = ranked[by].to_numpy(dtype=float)
    known = np.isfinite(values)
    if not known.all():
        st.caption(
            f"{(~known).sum():,} of {len(known):,} images do not have this number (a withheld answer has none): they come last, "
            "and what is sought among them counts as missed."
        )
    table = ranking(np.where(known, -values if upward else values, -np.inf), sought[what], float(prevalence))
    _figures(table, int(first), what, prevalence, sought[what])
    figure(ranking_curves(table, int(first), prevalence), "ranking", table, f"ranking-{name}-{by}")


def _unlikely(column: str) -> int:
    """Probabilities and errors are what one ranks by; the size of an image, or its position on the sky, hardly ever."""
    return 0 if column.startswith("P(") else 1 if column.endswith("mse") else 2


def _figures(table: pd.DataFrame, first: int, what: str, prevalence: float, sought: np.ndarray) -> None:
    found = at_most(table, first)
    if found is None:
        st.info(f"The first {int(table['n'].iloc[0]):,} images have one and the same score: ask for as many.")
        return
    row = st.container(horizontal=True)
    bounds = ranking_intervals(found, int(sought.sum()), int((~sought).sum()), prevalence)
    names = {
        "recall": f"Recall of {what} in the first {int(found['n']):,}",
        "purity": "Purity here",
        "purity_at_prevalence": f"Purity at a prevalence of {prevalence:g}",
    }
    for key, label in names.items():
        low, high = bounds[key]
        said = f"95 %: {low:.1%} to {high:.1%}"
        row.metric(label, _share(found[key]), said, delta_color="off", delta_arrow="off", border=True)


def _share(value: float) -> str:
    return f"{value:.1%}" if np.isfinite(value) else "–"


def _sought(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """What can be looked for: a class, lenses of good grade, a tag; only what some lenses are and others are not."""
    found = {}
    if "class" in table:
        found = {str(name): (table["class"] == name).to_numpy() for name in sorted(set(table["class"]))}
    found |= {"grade A": (table["grade"] == "A").to_numpy(), "grade A or B": table["grade"].isin(["A", "B"]).to_numpy()}
    tags = sorted({tag for tags in table["tags"] for tag in tags})
    found |= {f"tag {tag}": np.array([tag in tags for tags in table["tags"]], dtype=bool) for tag in tags}
    return {name: which for name, which in found.items() if which.any() and not which.all()}
