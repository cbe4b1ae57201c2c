"""A finished run's model becomes a named checkpoint, with its card."""

import streamlit as st

from lensmae.app.shared import loaders
from lensmae.app.shared.widgets import progress_bar
from lensmae.data import DatasetInfo
from lensmae.training import KINDS, RunStatus, open_run

# By the kind of the network, which is also its name in a page's address.
PAGES = {
    "mae": ("pages/reconstruction.py", "Reconstruction"),
    "classifier": ("pages/classification.py", "Classification"),
    "superres": ("pages/superresolution.py", "Super-resolution"),
}


def open_product(status: RunStatus) -> None:
    """A way to what the run made: pages offer it under the run's id."""
    made = KINDS[status.kind].makes
    page, title = PAGES[made]
    st.page_link(page, label=f"Open on {title}", icon=":material/arrow_forward:", query_params={made: status.id})


def promotion(status: RunStatus) -> None:
    """The form; measuring and storing when it is sent."""
    infos = {info.name: info for info in loaders.datasets(pairs=status.kind == "superres")}
    trained_on = open_run(status.id).config().data
    if not infos:
        st.info("There is no data set to measure on.")
        return
    encoders = ["none", *(entry.name for entry in loaders.checkpoints("mae"))] if status.kind == "classifier" else ["none"]
    with st.form(f"promote-{status.id}", border=False):
        name, data, split = st.columns(3)
        chosen = name.text_input("Name", status.id[:64], help="All pages offer the checkpoint under this name.")
        measured = data.selectbox("Measure on", list(infos), index=_like(list(infos.values()), trained_on))
        part = split.selectbox("Split", ("test", "validation"), help="The card holds the figures of this split.")
        described = st.text_input("Description", placeholder="One or two sentences for the card")
        encoder = st.selectbox("Baselines with the frozen features of", encoders) if len(encoders) > 1 else "none"
        sent = st.form_submit_button("Measure and promote", type="primary", icon=":material/workspace_premium:")
    if sent:
        from lensmae.evaluation.reports.promote import promote

        with progress_bar("Measuring") as progress:
            beside = None if encoder == "none" else encoder
            promote(status.id, chosen, measured, part, description=described, encoder=beside, progress=progress)
        st.session_state[f"promoted-{status.id}"] = chosen
    if f"promoted-{status.id}" in st.session_state and _there(st.session_state[f"promoted-{status.id}"]):
        _show(status.kind, st.session_state[f"promoted-{status.id}"])


def _like(infos: list[DatasetInfo], trained_on: str) -> int:
    """The set that a run was trained on, else one of the preset that its lenses were simulated from, else the first."""
    for index, info in enumerate(infos):
        if trained_on in (info.name, f"simulate:{info.preset}"):
            return index
    return 0


def _there(name: str) -> bool:
    from lensmae.workspace import models_dir

    return (models_dir() / f"{name}.safetensors").is_file()


def _show(kind: str, name: str) -> None:
    from lensmae.workspace import models_dir

    made = KINDS[kind].makes
    page, title = PAGES[made]
    st.success(f"“{name}” is a checkpoint now; all pages offer it.", icon=":material/check_circle:")
    st.page_link(page, label=f"Open it on the page {title}", icon=":material/arrow_forward:", query_params={made: name})
    card = models_dir() / f"{name}.md"
    if card.is_file():
        with st.container(border=True, height=320):
            st.code(card.read_text(encoding="utf-8"), language="markdown", wrap_lines=True)
