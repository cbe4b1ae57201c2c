"""Is the detail real? One pair on one scale, and the whole split against bicubic interpolation and the noise floor."""

import streamlit as st

from lensmae.app.data import demo
from lensmae.app.shared import choices
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.widgets import page_title
from lensmae.app.superresolution.page import one_pair, whole_split

choice = choices.current()
demo.ensure_pairs()
page_title("Super-resolution", "Is the detail real? The network against bicubic interpolation, the true HR image and its noise.")
fragment(one_pair)(choice)
st.header("The whole split", anchor=False)
fragment(whole_split)(choice)
