"""Calibration of a classifier, with and without temperature scaling, and its scores by true class."""

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.classification import cached
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.widgets import choose, figure
from lensmae.data import DatasetInfo
from lensmae.data.store.splits import split_text
from lensmae.evaluation import ClassificationReport
from lensmae.evaluation.classification.calibration import negative_log_likelihood, reliability, tempered
from lensmae.evaluation.reports.tables import reliability_table
from lensmae.figures.classification.calibration import reliability_diagram, score_histograms

_LOSS = "negative log-likelihood (nats)"


def calibration(report: ClassificationReport, data: DatasetInfo, choice: Choice, limit: int | None, stem: str) -> None:
    """The whole view; `stem` begins the names of its files."""
    fitted = cached.temperature(choice.checkpoint("classifier").path, data, limit)
    versions = {"as it is": report.probabilities}
    if fitted is None:
        st.info(f"{data.name} has no validation split to fit a temperature to.", icon=":material/info:")
    elif not fitted.known:
        st.info(_unknown(fitted), icon=":material/thermostat:")
    else:
        versions[f"T = {fitted.value:.2f}"] = tempered(report.probabilities, fitted.value)
    measured = {name: reliability(probabilities, report.labels) for name, probabilities in versions.items()}
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Reliability", anchor=False)
        figure(reliability_diagram(measured), "reliability", reliability_table(measured), f"reliability-{stem}")
        st.caption(f"{_fitted(fitted, report.split)}Bars: exact 95 % intervals. ECE in 15 bins.")
    with right:
        st.header("Scores", anchor=False)
        of = choose("Probability of", report.classes, "of")
        figure(score_histograms(report.probabilities, report.labels, report.classes, of), "scores", name=f"scores-{of}-{stem}")
    table = _figures(versions, measured, report)
    losses = table[_LOSS].tolist()
    if len(losses) == 2 and losses[1] > losses[0]:
        st.warning(
            f"Temperature scaling makes these probabilities worse: negative log-likelihood {losses[0]:.4g} to {losses[1]:.4g} on "
            f"{split_text(report.split)}. Take them as they are.",
            icon=":material/thermostat:",
        )
    number = st.column_config.NumberColumn
    st.dataframe(table, hide_index=True, column_config={"ECE": number(format="%.4f"), _LOSS: number(format="%.3g")})


def _unknown(fitted: cached.Temperature) -> str:
    """Why no temperature is offered."""
    if fitted.errors == 0:
        below = f" They only say that T is below {fitted.high:.2f} (95 %)." if fitted.high < np.inf else ""
        return (
            f"No temperature is offered: all {fitted.lenses:,} lenses of the validation split are classified correctly, and then "
            f"the surest answers fit best, however unsure they should be.{below} It takes lenses with some errors among them."
        )
    return (
        f"No temperature is offered: the {fitted.lenses:,} lenses of the validation split, {fitted.errors:,} of them classified "
        "wrongly, do not bound it."
    )


def _fitted(fitted: cached.Temperature | None, split: str) -> str:
    """How the temperature that is shown was fitted, as the beginning of a caption."""
    if fitted is None or not fitted.known:
        return ""
    one = ", which holds 1: they do not call for any scaling" if fitted.low <= 1 <= fitted.high else ""
    return (
        f"Temperature fitted to {fitted.lenses:,} lenses of the validation split, {fitted.errors:,} of them classified wrongly "
        f"(95 %: {fitted.low:.2f} to {fitted.high:.2f}{one}), shown on {split_text(split)}. "
    )


def _figures(versions: dict, measured: dict, report: ClassificationReport) -> pd.DataFrame:
    losses = [negative_log_likelihood(probabilities, report.labels) for probabilities in versions.values()]
    errors = [measured[name].ece for name in versions]
    table = pd.DataFrame({"probabilities": list(versions), "ECE": errors, _LOSS: losses})
    return table.assign(split=report.split, lenses=len(report.labels))
