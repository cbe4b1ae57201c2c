"""Reconstruction page: do anomaly maps say where substructure is?"""

import functools

import numpy as np
import streamlit as st

from lensmae.app.jobs.view import offered
from lensmae.app.reconstruction.state import Shown
from lensmae.app.shared import loaders
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import numbers
from lensmae.data.store.splits import split_text
from lensmae.evaluation.reconstruction.anomaly import AnomalyScores
from lensmae.evaluation.reconstruction.localisation import Localisation, localisation_table, locate_in_set
from lensmae.jobs import ThreadJob
from lensmae.progress import Progress

_LENSES = 32
_COLUMNS = {
    "kind": "class",
    "lenses": "lenses",
    "auc": "AUC against no_sub",
    "at_heaviest": "peak at the heaviest",
    "chance_heaviest": "by chance",
    "p_located": "p",
    "at_any": "peak at any",
    "chance_any": "by chance ",
}


def localise(shown: Shown, smooth: AnomalyScores, masks: int) -> None:
    """Whether the peaks of the maps of many lenses lie at their substructure, class by class.

    Args:
        smooth: scores of lenses without substructure.
        masks: of each lens.
    """
    dataset, model = loaders.get_dataset(shown.data), shown.model
    classes = [name for name in shown.data.classes if name != "no_sub"]
    rows = np.concatenate([shown.rows_of(name, _LENSES) for name in classes] or [np.empty(0, dtype=int)])
    if len(rows) == 0 or (shown.data.pixel_scale is None and "pixel_scale" not in dataset.lenses):
        return
    st.header("Does the map say where?", anchor=False)

    def work(progress: Progress) -> list[Localisation]:
        return locate_in_set(model, dataset, rows, smooth, masks, progress=progress)

    job = functools.partial(ThreadJob, work, "Scoring lenses with substructure", "reconstructions")
    found = offered(("localisation", *shown.key), job, f"Test on {len(rows)} lenses with substructure")
    if found is None:
        st.caption("Compares the peaks of their maps with the true subhalos, and with the maps of other lenses.")
        return
    if not found:
        st.info(f"Where the lenses of {shown.data.name} have substructure is not recorded.", icon=":material/info:")
        return
    for one in found:
        (st.success if one.locates else st.info)(plain(one.sentence), icon=":material/my_location:")
    table = localisation_table(found)
    shares = {
        title: st.column_config.NumberColumn(title, format="percent")
        for title in _COLUMNS.values()
        if "peak" in title or "chance" in title
    }
    shares |= {title: st.column_config.NumberColumn(title, format="%.3g") for title in ("AUC against no_sub", "p")}
    st.dataframe(table[list(_COLUMNS)].rename(columns=_COLUMNS), hide_index=True, column_config=shares)
    st.caption(
        f"Maps of {shown.entry.name} in units of what no_sub lenses have, each averaged over {masks} masks, "
        f"{split_text(shown.split)}. A peak within {found[0].radius:.0f} pixels (a patch) of the heaviest subhalo, or of the "
        "vortex line, is at it. By chance: with the maps of other lenses. p: permutation test."
    )
    numbers(table, f"localisation-{shown.entry.name}-{shown.data.name}")
