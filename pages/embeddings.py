"""What has it learnt? Lenses of a split in one plane, coloured by what is known of them."""

import streamlit as st

from lensmae.app import choices, plane
from lensmae.app.guard import fragment
from lensmae.app.widgets import page_title
from lensmae.app.workbench import workbench

choice = choices.current()
page_title(
    "Embeddings",
    "What has it learnt? Near lenses look alike to the network. Pick a point for the lens and its neighbours; circle many with "
    "the lasso for a gallery, counts and export.",
)
views = plane.choose_views(choice)
ready = [plane.embeddings_ready(view) for view in views]
if not all(ready):
    st.stop()
fragment(workbench)(choice, views, [plane.points(view) for view in views])
