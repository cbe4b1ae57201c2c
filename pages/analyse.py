"""What about my image? Upload one or many; see what was read, the class, in domain or not, reconstruction, super-resolution."""

import streamlit as st

from lensmae.app.analyse import bulk_crop, detail, grading, kept, products, projection, send, summary, uploads
from lensmae.app.shared import choices, networks
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.widgets import empty_state, page_title
from lensmae.data.images.reader import SUFFIXES


def results(files: list, choice: choices.Choice, asked: networks.Asked) -> None:
    """The answers for the uploaded files."""
    wanted = uploads.uploads(files)
    uploads.say_companions(wanted)
    bulk_crop.bulk_crop(wanted, choice)
    found = uploads.answer_all(wanted, asked, summary.coming)
    summary.unfinished(len(found), len(wanted))
    read = summary.refusals(found)
    if not read:
        return
    summary.caveat(read, asked, choice)
    names = [one.upload.name for one in read]
    look = names[0]
    if len(read) > 1:
        summary.summary(read, names)
        look = st.selectbox("Look at", names, key="look", bind="query-params")
    products.all_products(read, asked, choice)
    send.send_button(read, read[names.index(look)], asked)
    grading.grade_files(read, look, choice)
    grading.grades_of_files(read)
    detail.detail(read[names.index(look)], choice, asked)
    projection.show_projection(read, names, asked, look)


choice = choices.current()
page_title("Analyse", "What about your image? One or many files: FITS, npy, npz, HDF5, MATLAB, PyTorch, PNG, JPEG, TIFF.")
files = kept.kept_files(SUFFIXES)
if not files:
    empty_state("Drop a cut-out with the lens in its centre. What was done to its pixels is said beside it.")
fragment(results)(files, choice, networks.ask(choice))
