"""Several classifiers and simple models on the same lenses, with a paired test of their AUCs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.classification import cached
from lensmae.app.classification.curves import ONE_CLASS
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.widgets import choose, figure, numbers, unknown_values
from lensmae.data import PRESETS, DatasetInfo
from lensmae.data.store.splits import split_text
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation import ClassificationReport
from lensmae.evaluation.classification.disagreement import disagreement
from lensmae.evaluation.metrics import roc_curves
from lensmae.evaluation.reports.measured_classifiers import measured_classifiers
from lensmae.evaluation.reports.tables import auc_test_table, roc_table
from lensmae.figures import Panel
from lensmae.figures.classification.dependence import difference_bars
from lensmae.figures.classification.ranking import roc_of_models
from lensmae.workspace import read_only

_GALLERY = 12


def comparison(report: ClassificationReport, data: DatasetInfo, choice: Choice, limit: int | None, stem: str) -> None:
    """The whole view; the chosen checkpoint comes first and is what the others are tested against."""
    entry = choice.checkpoint("classifier")
    others = {other.name: other for other in loaders.checkpoints("classifier") if other.name != entry.name}
    fits = [] if read_only() else [name for name in cached.BASELINES if name != "probe" or "mae" in choice.checkpoints]
    unknown_values("beside", [cached.BASELINES.get(name, name) for name in (*others, *fits)], "comparison with")
    chosen = st.multiselect(
        f"Beside {entry.name}",
        [*others, *fits],
        default=list(others)[:1],
        format_func=lambda name: cached.BASELINES.get(name, name),
        key="beside",
        bind="query-params",
        placeholder="Checkpoints and simple models",
        help="Simple models are fitted to the training split of this data set.",
    )
    answers = {entry.name: report.probabilities}
    for name in chosen:
        found = _answers(name, others, report, data, choice, limit)
        if found is not None:
            answers[cached.BASELINES.get(name, name)] = found
    of = choose("Compare", ["macro", "micro", *report.classes], "of-models")
    zoomed = st.toggle("Logarithmic rate", key="logx", bind="query-params")
    curves = {name: roc_curves(report.labels, p, report.classes) for name, p in answers.items()}
    if not all(of in found for found in curves.values()):
        st.info(ONE_CLASS, icon=":material/info:")
        return
    found = {name: cached.bands(report.labels, p, report.classes).roc[of] for name, p in answers.items()}
    shown = {name: found_curves[of] for name, found_curves in curves.items()}
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure(roc_of_models(shown, found, of, zoomed), "models", roc_table(shown, found), f"models-{of}-{stem}")
    with right:
        _tests(report, answers, of, stem)
    if len(answers) > 1:
        _lens_by_lens(report, answers, data, choice, stem)
    _measured()


def _measured() -> None:
    """Baselines that do not travel with LensMAE, by their figures."""
    record = loaders.results()
    table = measured_classifiers(record)
    if table.empty:
        return
    lenses = record["data"]["lenses"]
    st.header("Baselines of the results table", anchor=False)
    share = {name: st.column_config.NumberColumn(name, format="percent") for name in ("accuracy", "low", "high")}
    area = st.column_config.NumberColumn("macro AUC", format="%.6f")
    st.dataframe(
        table,
        hide_index=True,
        column_config=share | {"macro AUC": area},
        placeholder="–",
        alt="Networks and simple models, one a row",
    )
    st.caption(
        f"Not of the lenses above: measured by `lensmae report` on unseen lenses of {PRESETS[lenses['preset']].title} without "
        "noise, which are far easier; the intervals are 95 %. ResNet-18s are trained by the recipes “resnet18” and "
        "“resnet18-residual”; a linear model of the set in view is offered in the list at the top."
    )


def _lens_by_lens(
    report: ClassificationReport, answers: dict[str, np.ndarray], data: DatasetInfo, choice: Choice, stem: str
) -> None:
    """The lenses to which two networks give different classes, and which of them is right."""
    first, *others = answers
    st.header("Lens by lens", anchor=False)
    second = choose(f"{first} beside", others, "lens-by-lens") if len(others) > 1 else others[0]
    found = disagreement(report.labels, answers[first], answers[second], report.classes, report.indices)
    counts = found.table["right"].map({"first": f"only {first}", "second": f"only {second}", "none": "neither"}).value_counts()
    said = ", ".join(f"{count} where {who} is right" for who, count in counts.items()) or "none"
    st.caption(
        f"{len(found.table)} of {len(report.labels)} lenses are classified differently: {said}. McNemar's exact test of equal "
        f"accuracy: p = {found.p:.2g}."
    )
    if found.table.empty:
        return
    told = _told(found.table, {"first": first, "second": second}, data)
    rows = found.table["row"].to_numpy()[:_GALLERY]
    images = np.asarray(loaders.get_dataset(data).images[rows])
    titles = told[["row", "true", "first", "second"]].head(_GALLERY).astype(str).agg(" · ".join, axis=1)
    panels = [Panel(title, image) for title, image in zip(titles, images, strict=True)]
    about = f"Row of {data.name}, true class, class by {first}, class by {second}"
    view = {"key": "disagree", "file": f"{data.name}-disagreement", "unit": data.flux_unit, "about": about, "columns": 6}
    lens_view(panels, own=loaders.mixes_units(data), **view, **choice.display)
    st.caption(f"Row · true class · {first} · {second}; the surest disagreements first.")
    named = {"true": "true class", "first": first, "second": second, "p_first": f"P, {first}", "p_second": f"P, {second}"}
    shown = told.assign(right=told["right"].replace({"first": first, "second": second, "none": "neither"})).rename(columns=named)
    digits = {name: st.column_config.NumberColumn(format="%.4f") for name in (named["p_first"], named["p_second"])}
    options = {"hide_index": True, "height": 38 + 35 * min(8, len(shown)), "placeholder": "–"}
    st.dataframe(shown, column_config=digits, alt="Lenses that are classified differently, one per row", **options)
    numbers(found.table, f"disagreement-{stem}")


def _told(table: pd.DataFrame, names: Mapping[str, str], data: DatasetInfo) -> pd.DataFrame:
    """The lenses that two networks classify differently, as each would answer: out of its domain it cannot tell, however sure
    it is, which is said.

    Args:
        table: of `disagreement`.
        names: of the networks, by "first" and "second"; simple models know no domain.
    """
    entries = {entry.name: entry for entry in loaders.checkpoints("classifier")}
    told, said = table.copy(), []
    for column, name in names.items():
        if name not in entries:
            continue
        withheld = loaders.called(entries[name].path, data, table["row"].to_numpy()).withheld
        told.loc[withheld, column], told.loc[withheld, f"p_{column}"] = CANNOT_TELL, np.nan
        if withheld.any():
            said.append(f"{name} for {withheld.sum()}")
    if said:
        st.caption(
            f"Out of their domain they withhold the class: {' and '.join(said)} of these {len(table)} lenses. The counts and the "
            "test above take the likeliest class all the same."
        )
    return told


def _answers(
    name: str, others: dict, report: ClassificationReport, data: DatasetInfo, choice: Choice, limit: int | None
) -> np.ndarray | None:
    """Probabilities (N, K) of a checkpoint or simple model for the lenses of the report, in its order of classes."""
    if name in others:
        other = loaders.classification(others[name].path, data, report.split, limit)
        if set(other.classes) != set(report.classes):
            st.warning(f"{name} has other classes ({', '.join(other.classes)}) and is left out.")
            return None
        return cached.in_order(other, report.classes)
    encoder = loaders.model_key(choice.checkpoint("mae").path) if name == "probe" else None
    found = cached.baseline(name, encoder, loaders.data_key(data), report.indices, data)
    return found[:, [data.classes.index(kind) for kind in report.classes]]


def _tests(report: ClassificationReport, answers: dict[str, np.ndarray], of: str, stem: str) -> None:
    st.header("Paired test", anchor=False)
    if len(answers) < 2:
        st.info("Choose something to compare with above.", icon=":material/compare_arrows:")
        return
    table = auc_test_table(report.labels, answers, report.classes)
    if of != "micro":
        shown = table[table["of"] == of]
        figure(difference_bars(shown), "differences", shown, f"differences-{of}-{stem}")
    number = st.column_config.NumberColumn
    headers = {"comparison": "models, first − second", "of": "AUC of"}
    titles = {"auc": "AUC, first", "auc_beside": "AUC, second", "difference": "difference", "low": "95 % from", "high": "95 % to"}
    columns = headers | {name: number(title, format="%.4f") for name, title in titles.items()}
    st.dataframe(
        table, hide_index=True, column_config=columns | {"p": number("p", format="%.2g"), "z": number("z", format="%.2f")}
    )
    st.caption(
        f"DeLong's test on the same {len(report.labels)} lenses of {split_text(report.split)}; differences are first "
        "minus second, with 95 % intervals. The macro row respects that all classes share the lenses. p is not "
        "corrected for many comparisons."
    )
