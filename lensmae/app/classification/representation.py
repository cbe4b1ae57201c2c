"""The Representation view: what frozen encoders know of the classes, by probes at equal numbers of labels."""

import functools

import pandas as pd
import streamlit as st

from lensmae.app.jobs.board import board
from lensmae.app.jobs.view import offered
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose, figure
from lensmae.data import PRESETS, DatasetInfo
from lensmae.evaluation.classification.probe_results import NAME, read_probes
from lensmae.evaluation.classification.probes import probe_encoder, separation
from lensmae.figures.representation import probe_bars
from lensmae.jobs import ThreadJob
from lensmae.progress import Progress
from lensmae.shipped import CHECKPOINTS
from lensmae.workspace import read_only

_LABELS = {"200": 200, "1000": 1000, "2000": 2000}
_MEASURES = {"accuracy": "Accuracy", "auc": "Macro AUC"}


def representation(data: DatasetInfo, choice: Choice, stem: str) -> None:
    """Probes of the chosen autoencoder: those that travel with it, then on the chosen set when asked for."""
    entry = choice.checkpoint("mae")
    shipped = read_probes(entry.path.with_name(NAME))
    measure = choose("Measure", list(_MEASURES), "probe-measure", _MEASURES)
    if len(shipped):
        for name, part in shipped.groupby("checkpoint", sort=False):
            st.caption(plain(separation(part.reset_index(drop=True)) if name == entry.name else f"Beside it: {name}."))
        figure(probe_bars(shipped, measure), f"probes-{measure}", shipped, f"probes-{stem}")
        if entry.path.parent == CHECKPOINTS:
            measured = f"Measured on {shipped['n'].max()} unseen lenses of {PRESETS['model_ii'].title}"
            st.caption(plain(f"{measured}, not on the set in view; below, the same probes on that."))
    labels = _LABELS[choose("Labelled lenses", list(_LABELS), "probe-labels")]
    key = ("probe", loaders.model_key(entry.path), loaders.data_key(data), labels)
    if board().get(key) is None and read_only():
        st.info("This dashboard is read-only and measures nothing; `lensmae probe` does.", icon=":material/info:")
        return

    def work(progress: Progress) -> pd.DataFrame:
        return probe_encoder(loaders.get_model(entry.path), loaders.get_dataset(data), labels=labels, progress=progress)

    job = functools.partial(ThreadJob, work, "Probing the frozen encoder", "conditions")
    table = offered(key, job, f"Probe {entry.name} on {data.name}")
    if table is not None:
        st.caption(plain(separation(table, len(data.classes))))
        figure(probe_bars(table, measure), f"probes-here-{measure}", table, f"probes-{stem}-here")
    st.caption(
        "linear: logistic regression on mean-pooled tokens; kNN: 20 nearest by cosine; attentive: four learned queries over the "
        "tokens. All are fitted to the same labelled lenses; the encoder is frozen. Bars: 95 %. `lensmae probe --d4` adds a "
        "linear probe of the mean over a lens turned and mirrored in all eight ways."
    )
