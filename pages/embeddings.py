"""What has it learned? A projection of the lenses of a split, coloured by what is known of them."""

import streamlit as st

from lensmae.app.embeddings import view_data
from lensmae.app.embeddings.page import workbench
from lensmae.app.shared import choices
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.representation import separation_caption
from lensmae.app.shared.widgets import page_title

choice = choices.current()
page_title(
    "Embeddings",
    "What has it learned? Near lenses look alike to the network. Pick a point for the lens and its neighbours; select many with "
    "the lasso for a gallery, counts and export.",
)
separation_caption(choice)
views = view_data.choose_views(choice)
ready = [view_data.embeddings_ready(view) for view in views]
if not all(ready):
    st.stop()
fragment(workbench)(choice, views, [view_data.points(view) for view in views])
