"""Curves, operating point and confusion of a classifier; every confusion cell opens its lenses."""

import numpy as np
import streamlit as st

from lensmae.app.classification import cached
from lensmae.app.grading.lenses import grade_some
from lensmae.app.lens_view.component import lens_view
from lensmae.app.lens_view.events import Click
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.widgets import choose, figure, unfit_number
from lensmae.data import DatasetInfo
from lensmae.evaluation import ClassificationReport
from lensmae.evaluation.classification.operating_point import OperatingPoint, cell_members, operating_point, predicted, worst_cell
from lensmae.evaluation.metrics import pr_curves
from lensmae.evaluation.reports.tables import confusion_table, pr_table, roc_table
from lensmae.figures import Panel
from lensmae.figures.classification.ranking import clicked_cell, confusion_matrix, precision_recall, roc

LIKELIEST = "likeliest class"
_PERFECT = (
    " Here every lens is ranked correctly, and so it is in every sample: the lower bounds of the areas are Newcombe's (2006) for "
    "so many lenses."
)
ONE_CLASS = "These lenses are all of one class: there is no curve."
_A_PAGE, _COLUMNS = 12, 6
_OF = "_confusion_of"


def ranking(report: ClassificationReport, data: DatasetInfo, choice: Choice, stem: str) -> None:
    """The whole view; `stem` begins the names of its files."""
    rule, threshold = _operating_rule(report)
    class_index = None if rule == LIKELIEST else report.classes.index(rule)
    called = predicted(report.probabilities, class_index, threshold)
    point = None if class_index is None else operating_point(report.labels, called, class_index)
    if point is not None:
        _rates(point, rule)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _curves(report, stem, point, f"{rule} at {threshold:.2f}")
    with right:
        cell = _confusion(report, called, stem)
    _gallery(report, called, cell, data, choice)


def _operating_rule(report: ClassificationReport) -> tuple[str, float]:
    unfit_number("threshold", 0, 1, "threshold")
    left, right = st.columns([2, 3], gap="large")
    with left:
        rule = choose("Call a lens", [LIKELIEST, *report.classes], "rule")
    with right:
        threshold = st.slider(
            "… where its probability is at least",
            0.0,
            1.0,
            0.5,
            0.01,
            key="threshold",
            bind="query-params",
            disabled=rule == LIKELIEST,
            help="Lenses below it go to the likeliest of the other classes. Choose a class on the left first.",
        )
    return rule, threshold


def _curves(report: ClassificationReport, stem: str, point: OperatingPoint | None, name: str) -> None:
    if not report.curves:
        st.info(ONE_CLASS, icon=":material/info:")
        return
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        kind = choose("Curve", ["ROC", "Precision-recall"], "curve")
        banded = st.toggle("95 % bands", value=True, key="bands", bind="query-params")
        zoomed = st.toggle("Logarithmic rate", key="logx", bind="query-params", disabled=kind != "ROC")
    found = cached.bands(report.labels, report.probabilities, report.classes) if banded else None
    if kind == "ROC":
        mark = None if point is None or not np.isfinite(point.fpr + point.tpr) else (point.fpr, point.tpr, name)
        drawing = roc(report.curves, found.roc if found else None, zoomed and kind == "ROC", mark)
        table = roc_table(report.curves, found.roc if found else None)
    else:
        curves = pr_curves(report.labels, report.probabilities, report.classes)
        mark = None if point is None or not np.isfinite(point.tpr + point.precision) else (point.tpr, point.precision, name)
        drawing = precision_recall(curves, found.pr if found else None, mark)
        table = pr_table(curves, found.pr if found else None)
    figure(drawing, "curve-chart", table, f"{kind.lower()}-{stem}")
    if banded:
        st.caption(
            f"Bands and intervals: 95 %, {cached.RESAMPLES:,} bootstrap samples of the lenses within their class, seed 0."
            f"{_PERFECT if report.macro_auc == 1.0 else ''}"
        )


def _rates(point: OperatingPoint, rule: str) -> None:
    rates = {"true-positive rate": point.tpr, "false-positive rate": point.fpr, "precision": point.precision}
    shown = [f"{name} **{f'{value:.3f}' if np.isfinite(value) else 'not defined'}**" for name, value in rates.items()]
    st.markdown(f"{point.called} lenses are called {rule}: " + ", ".join(shown))


def _confusion(report: ClassificationReport, called: np.ndarray, stem: str) -> tuple[int, int]:
    classes = report.classes
    counts = report.confusion_of(called)
    worst = worst_cell(counts)

    def clicked() -> None:
        cell = clicked_cell(st.session_state["confusion"], len(classes))
        if cell is not None:
            st.session_state["true"], st.session_state["called"] = classes[cell[0]], classes[cell[1]]

    _follow_errors((stem, len(report.labels), called.tobytes()), tuple(classes[one] for one in worst))
    slot = st.container()
    with st.container(horizontal=True, gap="medium"):
        row = classes.index(choose("True class", classes, "true", default=worst[0]))
        column = classes.index(choose("Called", classes, "called", default=worst[1]))
    with slot:
        drawing = confusion_matrix(counts, classes, (row, column))
        table = confusion_table(counts, classes)
        figure(drawing, "confusion", table, f"confusion-{stem}", on_select=clicked, selection_mode="points")
    return row, column


def _follow_errors(now: tuple, worst: tuple[str, str]) -> None:
    """Where other lenses are measured, or called by another rule, the fullest wrong cell opens; a link opens the one it names."""
    before = st.session_state.get(_OF)
    st.session_state[_OF] = now
    if before is not None and before != now:
        st.session_state["true"], st.session_state["called"] = worst


def _gallery(report: ClassificationReport, called: np.ndarray, cell: tuple[int, int], data: DatasetInfo, choice: Choice) -> None:
    true, said = (report.classes[index] for index in cell)
    members = cell_members(report.labels, called, report.probabilities, cell)
    st.header(f"{len(members)} × {true} called {said}, the surest first", anchor=False)
    if not len(members):
        right = bool((report.labels == called).all())
        said = "No lens is misclassified. " if right else "No lens is in this cell. "
        st.info(f"{said}Click another cell of the matrix.", icon=":material/grid_view:")
        return
    entry = choice.checkpoint("classifier")
    pages = -(-len(members) // _A_PAGE)
    page = st.pagination(pages, key=f"cell-page-{pages}") if pages > 1 else 1
    shown = members[(page - 1) * _A_PAGE : page * _A_PAGE]
    rows = report.indices[shown]

    def opened(event: object) -> None:
        if isinstance(event, Click):
            st.session_state["lens"] = int(rows[event.panel])
            st.session_state["view"] = "saliency"

    images = np.asarray(loaders.get_dataset(data).images[rows])
    titles = [f"{row} · p {report.probabilities[member, cell[1]]:.3f}" for row, member in zip(rows, shown, strict=True)]
    panels = [Panel(title, image) for title, image in zip(titles, images, strict=True)]
    view = lens_view(
        panels,
        key="cell",
        file=f"{data.name}-{true}-called-{said}",
        about=f"{true} called {said}, the surest first: row of {data.name} and p({said}); checkpoint {entry.name}",
        unit=data.flux_unit,
        columns=_COLUMNS,
        own=loaders.mixes_units(data),
        pick=["click"],
        on_event=opened,
        **choice.display,
    )
    st.caption(f"Title: row of the data set and probability of {said}. Click a lens to see where the network looks.")
    if isinstance(view.event, Click):
        st.rerun()
    grade_some(data, report.indices[members], choice, "cell")
