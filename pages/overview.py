"""What is loaded, how good it is, one live reconstruction, where to go next."""

import streamlit as st

from lensmae.app.shared import choices, loaders
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.reconstruction_view import await_frames, redraw_view, remember_ratio, shown_ratio
from lensmae.app.shared.widgets import page_title
from lensmae.evaluation.reports.headlines import headline

LINKS = {
    "pages/reconstruction.py": "Hide patches your way and see what the network knows",
    "pages/classification.py": "Can it tell dark matter models apart? ROC and confusion",
    "pages/superresolution.py": "Is the detail real? LR, bicubic, network and HR",
    "pages/embeddings.py": "What has it learnt? All lenses in one plane",
    "pages/analyse.py": "What about your image? npy, FITS, PNG, TIFF, HDF5",
    "pages/lens_lab.py": "What would I see? Build a lens by hand, drag dark matter across its ring",
    "pages/data.py": "What do you have? Simulate, import, look through it",
    "pages/training.py": "Make a better network: launch a run, watch its curve",
}


def live(choice: choices.Choice) -> None:
    data, entry = choice.dataset(), choice.checkpoint("mae")
    image = loaders.lens_image(data, choice.lens)
    frames = loaders.live_frames(entry.path, image, 0, "random", shown_ratio("overview"))
    remember_ratio(redraw_view(image, frames, choice, key="overview", unit=data.flux_unit))
    await_frames("first")


def figures(choice: choices.Choice) -> None:
    for column, entry in zip(st.columns(len(choice.checkpoints)), choice.checkpoints.values(), strict=True):
        with column.container(border=True, height="stretch"):
            found = headline(entry.card)
            if found:
                st.metric(found.name, found.value)
                st.caption(f"{found.baseline}  \n{entry.name} · {found.measured_on}")
            else:
                st.metric(choices.KINDS[entry.card.kind], entry.name)
                st.caption("Its card holds no figures; `lensmae evaluate` measures it.")


choice = choices.current()
page_title("LensMAE", "Masked autoencoders for strong gravitational lenses. Drag the slider: the network redraws what is hidden.")
fragment(live)(choice)
if choice.checkpoints:
    st.subheader("How good it is", anchor=False)
    figures(choice)
st.subheader("Where to go next", anchor=False)
with st.grid(3, min_column_width=260):
    for page, text in LINKS.items():
        with st.container(border=True, gap="xsmall", height="stretch"):
            st.page_link(page, query_params=st.query_params.to_dict())
            st.caption(text)
