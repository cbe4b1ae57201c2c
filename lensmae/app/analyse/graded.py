"""What graders said of the uploaded files, brought in and taken away: marks, agreement, a data set to train on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.analyse.uploads import FILES, Answered
from lensmae.app.grading.import_menu import import_menu, say_imported
from lensmae.app.grading.labels import choose_labels, made, own_labels
from lensmae.app.grading.measures import agree
from lensmae.app.shared.plain_text import plain
from lensmae.data import LensImage
from lensmae.data.records.grades import graded
from lensmae.evaluation.grading.agreement import combined
from lensmae.evaluation.grading.sheet import exported
from lensmae.workspace import read_only

_UNKNOWN = "unknown"
_OTHERS = {"none": "none: all of one class, to pretrain on", "class": "the class that was answered"}


def grades_of_files(read: Sequence[Answered]) -> None:
    """Draw the menus, and how well graders agree."""
    if read_only():
        return
    say_imported()
    names = {one.upload.item: one.upload.name for one in read}
    marks = graded(FILES)
    marks = marks[marks["item"].isin(names)].reset_index(drop=True)
    with st.container(horizontal=True, gap="small"):
        if len(marks):
            table = exported(marks.assign(file=marks["item"].map(names))).to_csv(index=False).encode()
            options = {"icon": ":material/download:", "type": "tertiary", "on_click": "ignore", "key": "marks-of-files"}
            st.download_button("Every grader's marks (CSV)", table, "marks.csv", "text/csv", **options)
        import_menu(FILES, lambda: names, "file or item")
        with st.popover("New data set", icon=":material/library_add:"):
            _new_set(read, marks)
    agree(marks)


def _new_set(read: Sequence[Answered], marks: pd.DataFrame) -> None:
    """The images as a data set, as the networks were shown them, with labels where wished."""
    side = len(_shown(read[0]).pixels)
    table = combined(marks).set_index("item").reindex([one.upload.item for one in read])
    table["grade"] = table["grade"].fillna("")
    table["tags"] = [tags if isinstance(tags, tuple) else () for tags in table["tags"]]
    with st.form("files-set", border=False):
        name = st.text_input("Name", "my-lenses", help="Letters, digits, '.', '_' and '-'.")
        by, tags = choose_labels(table["tags"], _OTHERS)
        sent = st.form_submit_button(f"Make it of these {len(read):,} images", type="primary")
    st.caption(f"{side}×{side} pixels, as the networks were shown them; the flux stays in the unit of each file.")
    if sent:
        from lensmae.data.exchange.from_images import dataset_of_images

        labels = _labels(read, table, by, tags)
        kept = np.flatnonzero(labels != "")
        new = dataset_of_images(name.strip(), [_shown(read[index]) for index in kept], labels[kept].tolist())
        st.success(plain(made(new.name, new.info.counts, len(read) - len(kept))), icon=":material/check:")
        address = st.query_params.to_dict() | {"set": new.name}
        st.page_link("pages/data.py", label="Look at it", icon=":material/arrow_forward:", query_params=address)


def _labels(read: Sequence[Answered], table: pd.DataFrame, by: str, tags: Sequence[str]) -> np.ndarray:
    if by == "none":
        return np.full(len(read), _UNKNOWN)
    if by == "class":
        return np.array([one.answer.called or "" for one in read], dtype=str)
    return own_labels(table, by, tags)


def _shown(one: Answered) -> LensImage:
    return next(iter(one.answer.fitted.values()))
