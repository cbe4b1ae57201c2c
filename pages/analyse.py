"""What about my image? Upload one or many; see what was read, the reconstruction, the class, the super-resolution."""

import streamlit as st

from lensmae.app import choices, uploads
from lensmae.app.widgets import empty_state, page_title
from lensmae.data.reader import SUFFIXES

choice = choices.current()
page_title(
    "Analyse", "What about your image? One or many files: npy, npz, FITS, PNG, JPEG, TIFF or HDF5. They are kept in memory only."
)
files = st.file_uploader("Images of lenses", type=SUFFIXES, accept_multiple_files=True, key="uploads")
if not files:
    empty_state("Drop a cut-out with the lens in its centre. What was done to its pixels is said beside it.")
images = uploads.read_all(files)
if not images:
    st.stop()
st.warning(uploads.caveat(choice), icon=":material/warning:")
if len(images) > 1:
    uploads.summary(images, choice)
name = st.selectbox("Look at", list(images)) if len(images) > 1 else next(iter(images))
uploads.detail(name, images[name], choice)
