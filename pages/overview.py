"""What is loaded, how good it is, one live reconstruction, where to go next."""

import streamlit as st

from lensmae.app.overview.classes import classes
from lensmae.app.overview.headlines import headlines
from lensmae.app.reconstruction.domain import say_domain
from lensmae.app.shared import choices, loaders, tour
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.reconstruction_view import await_frames, reconstruction_view, remember_ratio, shown_ratio
from lensmae.app.shared.representation import separation_caption
from lensmae.app.shared.widgets import page_title

LINKS = {
    "pages/reconstruction.py": (":material/blur_on:", "Hide patches your way and see what the network reconstructs"),
    "pages/classification.py": (":material/category:", "Can it tell dark matter models apart? ROC and confusion"),
    "pages/superresolution.py": (":material/hd:", "Is the detail real? LR, bicubic, network and HR"),
    "pages/embeddings.py": (":material/scatter_plot:", "What has it learned? A projection of all lenses"),
    "pages/analyse.py": (":material/upload_file:", "What about your image? npy, FITS, PNG, TIFF, HDF5"),
    "pages/lens_lab.py": (":material/science:", "What would I see? Build a lens by hand, drag a subhalo across its ring"),
    "pages/data.py": (":material/database:", "What do you have? Simulate, import, look through it"),
    "pages/training.py": (":material/model_training:", "Make a better network: launch a run, watch its curve"),
}


def live(choice: choices.Choice) -> None:
    """A lens under the mask-ratio slider."""
    data, entry = choice.dataset(), choice.checkpoint("mae")
    image = loaders.network_image(data, choice.lens, entry.path)
    frames = loaders.live_frames(entry.path, image, 0, "random", shown_ratio("overview"))
    about = choice.about(entry.name)
    remember_ratio(
        reconstruction_view(image, frames, choice, key="overview", unit=loaders.flux_unit(data, choice.lens), about=about)
    )
    await_frames("first")
    say_domain(choice, [entry])


choice = choices.current()
page_title(
    "LensMAE", "Masked autoencoders for strong gravitational lenses. Drag the slider: the network reconstructs what is hidden."
)
fragment(live)(choice)
tour.start_link()
st.header("What it looks at", anchor=False)
classes(choice)
if choice.checkpoints:
    st.header("How good it is", anchor=False)
    headlines(choice)
    separation_caption(choice)
st.header("Where to go next", anchor=False)
with st.grid(3, min_column_width=260):
    for page, (icon, text) in LINKS.items():
        with st.container(border=True, gap="xsmall", height="stretch"):
            st.page_link(page, icon=icon, query_params=st.query_params.to_dict())
            st.caption(text)
