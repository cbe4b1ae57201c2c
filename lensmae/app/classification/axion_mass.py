"""How well a classifier's second head predicts the axion mass of the measured lenses."""

import streamlit as st

from lensmae.app.classification import cached
from lensmae.app.shared import loaders
from lensmae.app.shared.widgets import figure
from lensmae.data import DatasetInfo
from lensmae.data.store.splits import split_text
from lensmae.evaluation import ClassificationReport
from lensmae.figures.classification.axion_mass import mass_errors
from lensmae.models import CheckpointEntry

_FIGURES = {
    "RMS error, vortex longer than a pixel": ("rms_dex_resolved", "n_resolved"),
    "RMS error, all": ("rms_dex", "n"),
    "Median error, all": ("median_absolute_dex", "n"),
}


def masses(report: ClassificationReport, data: DatasetInfo, entry: CheckpointEntry, stem: str) -> None:
    """Error of the estimate against the true mass, with root-mean-square errors."""
    if not loaders.get_model(entry.path).tells_mass:
        st.info(
            f"{entry.name} has no head for the axion mass; `lensmae train mass` gives one to any classifier that whitens.",
            icon=":material/info:",
        )
        return
    found = cached.masses(loaders.model_key(entry.path), loaders.data_key(data), report.indices, data)
    facts = found.summary()
    if not facts["n"]:
        st.info(f"None of the measured lenses of {data.name} has a known axion mass.", icon=":material/info:")
        return
    row = st.container(horizontal=True)
    for label, (key, count) in _FIGURES.items():
        value = "–" if facts[key] is None else f"{facts[key]:.3f} dex"
        row.metric(label, value, f"{facts[count]} lenses", delta_color="off", delta_arrow="off", border=True)
    table = found.table()
    figure(mass_errors(table), "masses", table, f"axion-mass-{stem}")
    st.caption(
        f"Axion lenses of {split_text(report.split)} of {data.name}. A heavier axion makes a shorter vortex; one shorter than a "
        "pixel looks like a point. A mass is predicted for every image, also without an axion, where it means nothing. Always "
        f"predicting the mean of these masses is {facts['spread_dex']:.2f} dex off (rms)."
    )
