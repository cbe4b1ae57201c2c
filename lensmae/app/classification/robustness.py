"""The Robustness view: a classifier, and others beside it, under the nuisances of real files."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from lensmae.app.jobs.board import board
from lensmae.app.jobs.view import offered
from lensmae.app.shared import loaders, networks
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose, figure
from lensmae.data import PRESETS, DatasetInfo
from lensmae.data.store.splits import split_text
from lensmae.errors import CheckpointError
from lensmae.evaluation.stress.run import COLUMNS
from lensmae.figures.robustness import robustness as panels
from lensmae.jobs import ThreadJob
from lensmae.progress import Progress
from lensmae.workspace import read_only

if TYPE_CHECKING:
    from lensmae.evaluation.stress.run import StressTested

_MEASURES = {
    "value": "Accuracy",
    "auc": "Macro AUC",
    "answered": "Share answered",
    "accuracy_answered": "Accuracy if answered",
}
_LIMITS = {"30": 30, "100": 100, "300": 300}


def robustness(data: DatasetInfo, choice: Choice, split: str, stem: str) -> None:
    """Curves against the strength of every nuisance, one a checkpoint; measured in the background when asked for."""
    own = choice.checkpoint("classifier")
    entries = {entry.name: entry for entry in loaders.checkpoints("classifier")}
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        others = st.multiselect(
            "Beside it",
            [name for name in entries if name != own.name],
            key="stress-beside",
            help="Other classifiers, same images.",
        )
        limit = _LIMITS[choose("Lenses a condition", list(_LIMITS), "stress-most")]
    paths = (own.path, *(entries[name].path for name in others))
    key = ("stress", tuple(loaders.model_key(path) for path in paths), loaders.data_key(data), split, limit)
    if board().get(key) is None and read_only():
        st.info("This dashboard is read-only and measures nothing; `lensmae stress` does.", icon=":material/info:")
        _measured([own.name, *others])
        return

    def work(progress: Progress) -> pd.DataFrame:
        from lensmae.evaluation.stress.run import stress

        return stress([_tested(path) for path in paths], loaders.get_dataset(data), split=split, limit=limit, progress=progress)

    job = functools.partial(ThreadJob, work, "Testing under every nuisance", "conditions")
    table = offered(key, job, f"Test on {limit} lenses of {data.name}")
    if table is None:
        st.caption("Every nuisance at several strengths; takes minutes without a GPU. `lensmae stress` does the same.")
        _measured([own.name, *others])
        return
    known = {name: title for name, title in _MEASURES.items() if table[name].notna().any()}
    measure = choose("Show", list(known), "stress-measure", known)
    figure(panels(_titled(table), measure), f"robustness-{measure}", table, f"robustness-{stem}")
    st.caption(
        plain(
            f"{limit} lenses at most of {split_text(split)} of {data.name} under each condition; dotted: as given. Bars: 95 %, "
            "Wilson's of accuracies, bootstrap of areas. Answered: the class is not withheld."
        )
    )


def _measured(names: list[str]) -> None:
    """What `lensmae report` found of those that travel with LensMAE, until they are tested on the set in view."""
    record = loaders.results()
    table = pd.DataFrame(record.get("stress", []), columns=list(COLUMNS))
    table = table[table["checkpoint"].isin(names) & (table["metric"] == "accuracy")]
    if table.empty:
        return
    st.header("As it travels with LensMAE", anchor=False)
    known = {name: title for name, title in _MEASURES.items() if table[name].notna().any()}
    measure = choose("Show", list(known), "stress-measure", known)
    figure(panels(_titled(table), measure), f"robustness-shipped-{measure}", table, "robustness-shipped")
    lenses = record["data"]["lenses"]
    st.caption(
        f"Not of the set in view: {table['n'].max()} unseen lenses of {PRESETS[lenses['preset']].title} under each condition, "
        "measured by `lensmae report`; dotted: as given. Bars: 95 %. Answered: the class is not withheld."
    )


def _titled(table: pd.DataFrame) -> pd.DataFrame:
    """Other presets by their titles."""
    return table.assign(label=[PRESETS[label].title if label in PRESETS else label for label in table["label"]])


def _tested(path: Path) -> "StressTested":
    from lensmae.evaluation.stress.run import StressTested

    try:
        return StressTested(loaders.get_model(path), networks.beside(path))
    except CheckpointError:
        # A reference of other weights: then it is not known what would be withheld, and the figure has no such curve.
        return StressTested(loaders.get_model(path))
