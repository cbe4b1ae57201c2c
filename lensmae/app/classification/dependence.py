"""AUC in bins of physical parameters, and against the number of labels."""

import streamlit as st

from lensmae.app.classification import cached
from lensmae.app.shared import loaders
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose, figure, unfit_number, unknown_value
from lensmae.data import PRESETS, DatasetInfo
from lensmae.data.store.splits import split_text
from lensmae.evaluation import ClassificationReport
from lensmae.evaluation.classification.binned_auc import binned_auc, spreads
from lensmae.evaluation.classification.few_labels import budget, explanation, model_title, read_few_labels
from lensmae.figures.classification.dependence import auc_by_parameter, learning_curve
from lensmae.shipped import CHECKPOINTS

_MEASURES = {"macro_auc": "Macro AUC", "accuracy": "Accuracy"}


def physics(report: ClassificationReport, data: DatasetInfo, stem: str) -> None:
    """AUC in bins of a parameter."""
    known = cached.parameters(loaders.data_key(data), report.indices, data)
    if not known:
        st.info(f"No parameter of the lenses of {data.name} is known that differs between them.", icon=":material/info:")
        return
    unfit_number("bins", 2, 12, "number of bins")
    left, right = st.columns([3, 1], gap="large")
    names = list(known)
    with left:
        # One that most lenses share the value of has one bin.
        first = next((index for index, name in enumerate(names) if spreads(known[name])), 0)
        unknown_value("parameter", names, "parameter", names[first])
        parameter = st.selectbox("Parameter", names, first, key="parameter", bind="query-params")
    with right:
        bins = st.slider("Bins", 2, 12, 6, key="bins", bind="query-params")
    table = binned_auc(known[parameter], report.labels, report.probabilities, report.classes, bins)
    if table.empty:
        st.info("Too few lenses to bin: ask for more lenses above.", icon=":material/info:")
        return
    figure(auc_by_parameter(table, parameter), "by-parameter", table, f"auc-by-parameter-{stem}")
    st.caption(
        "Bins hold equally many lenses of a class; across: a bin, up and down: 95 % intervals (DeLong, logit). A class whose "
        f"lenses alone have the parameter is measured against all others. Lenses of {split_text(report.split)}."
    )


def labels(stem: str) -> None:
    """Learning curve in labels, from the results of `lensmae few-labels`."""
    path = CHECKPOINTS / "few_labels.json"
    table = read_few_labels(path)
    if table.empty:
        st.info(
            "No few-label study is here yet. `lensmae few-labels` trains the compared models with few labels and writes "
            "checkpoints/few_labels.json, which this page plots.",
            icon=":material/info:",
        )
        return
    measure = choose("Measure", list(_MEASURES), "measure", _MEASURES)
    title = f"{_MEASURES[measure]}, test split"
    drawn = table.assign(model=table["model"].map(model_title))
    figure(learning_curve(drawn, measure, title), "labels", table, f"few-labels-{measure}")
    sets = ", ".join(sorted(set(table["data"]) - {""})) or "the study's data set"
    st.caption(
        f"Mean over seeds; the band reaches from the smallest to the largest. Test split of {plain(sets)}, "
        f"{len(table)} trainings. {budget(table['images'])} {explanation(table['model'], model_title)}"
    )
    st.caption(
        f"Not of the set in view: lenses of {PRESETS['model_ii'].title} without noise, far easier than files. What holds under "
        "noise and other nuisances is on Robustness."
    )
