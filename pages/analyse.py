"""What about my image? Upload one or many; see what was read, the class, how usual it is, reconstruction, super-resolution."""

import streamlit as st

from lensmae.app import answer_detail, answer_plane, answers, choices, references, uploads
from lensmae.app.guard import fragment
from lensmae.app.widgets import empty_state, page_title
from lensmae.data.images.reader import SUFFIXES


def results(files: list, choice: choices.Choice, asked: references.Asked) -> None:
    wanted = uploads.uploads(files)
    found = uploads.answer_all(wanted, asked)
    answers.unfinished(len(found), len(wanted))
    read = answers.refusals(found)
    if not read:
        return
    answers.caveat(read, asked, choice)
    names = [one.upload.name for one in read]
    look = names[0]
    if len(read) > 1:
        answers.summary(read, names)
        look = st.selectbox("Look at", names, key="look")
    answer_detail.detail(read[names.index(look)], choice, asked)
    answer_plane.plane(read, names, asked, look)


choice = choices.current()
page_title(
    "Analyse", "What about your image? One or many files: npy, npz, FITS, PNG, JPEG, TIFF or HDF5. They are kept in memory only."
)
files = st.file_uploader("Images of lenses", type=SUFFIXES, accept_multiple_files=True, key="uploads")
if not files:
    empty_state("Drop a cut-out with the lens in its centre. What was done to its pixels is said beside it.")
fragment(results)(files, choice, references.ask(choice))
