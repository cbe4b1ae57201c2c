"""Several runs beside each other: what differs, what each reached, their curves over each other."""

import streamlit as st

from lensmae.app.shared.widgets import figure, numbers, unknown_values
from lensmae.figures import compare_curves
from lensmae.training import read_metrics
from lensmae.training.compare import compare_runs
from lensmae.training.fields import field_label


def compare(runs: list[str]) -> None:
    """Draw the comparison of the chosen runs."""
    unknown_values("compare", runs, "comparison with")
    chosen = st.multiselect("Runs to compare", runs, key="compare", bind="query-params", max_selections=7)
    if len(chosen) < 2:
        st.caption("Choose two runs or more.")
        return
    table = compare_runs(chosen)
    # Settings in words, as the form has them.
    st.dataframe(table.rename(columns=field_label).style.format(precision=4, na_rep="–"))
    st.caption("Settings that are equal in all of them are left out; losses are per interval, figures of the validation split.")
    curves = {run: read_metrics(run) for run in chosen}
    columns = list(
        dict.fromkeys(name for curve in curves.values() for name in curve.columns if name.startswith(("train_", "val")))
    )
    if not columns:
        st.info("None of them has a curve yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.selectbox("Curve", columns, key="compare-curve", format_func=lambda name: name.replace("_", " "), width=260)
        by = st.segmented_control("Against", ["step", "epoch"], default="step", required=True, key="compare-by")
        smoothing = st.slider("Smoothing", 0.0, 0.98, 0.0, 0.02, key="compare-smoothing", width=260)
        log_y = st.toggle("Logarithmic", column.endswith("_loss"), key="compare-log")
    figure(compare_curves(curves, column, column.replace("_", " "), log_y, smoothing, by), "compared-curves")
    numbers(table.reset_index(names="run"), "compared-runs")
