"""Going through the uploaded images to grade them; what graders said brought in and taken away, as a data set too."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lensmae.app.analyse.preview import as_drawn
from lensmae.app.analyse.summary import table
from lensmae.app.analyse.titles import answer_title
from lensmae.app.analyse.uploads import FILES, Answered, upright
from lensmae.app.grading.desk import Items, desk, grader, own_marks
from lensmae.app.grading.import_menu import import_menu, say_imported
from lensmae.app.grading.labels import choose_labels, made, own_labels
from lensmae.app.grading.measures import agree
from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.guard import fragment, whole_page
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import unknown_value
from lensmae.data import LensImage
from lensmae.data.records.grades import graded, revision
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation.grading.agreement import combined
from lensmae.evaluation.grading.sheet import exported, number_columns
from lensmae.figures import Panel
from lensmae.workspace import read_only

_AT = "_at-analyse"
_FILE = "file"
_UNKNOWN = "unknown"
_OTHERS = {"none": "none: all of one class, to pretrain on", "class": "the class that was answered"}


def grade_files(read: Sequence[Answered], look: str, choice: Choice) -> None:
    """The image in hand and the controls to grade it; the arrows lead through all that were read, in an order of choice.

    Args:
        read: the images.
        look: name of the one that is looked at.
    """
    if read_only():
        return
    st.header("Grade", anchor=False)
    order = _order(read) if len(read) > 1 else list(read)
    if not order:
        st.success("You have graded all of them.", icon=":material/done_all:")
        return
    # A key draws the next image alone, not the answers around it.
    fragment(_one_by_one)(order, look, choice, revision(FILES))


def _order(read: Sequence[Answered]) -> list[Answered]:
    """Draw the choice of order; the images in it."""
    answers = table(read)
    names = [_FILE, *number_columns(answers)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        unknown_value("grade-by", list(map(answer_title, names)), "order", names[0])
        by = st.selectbox("In the order of", names, key="grade-by", bind="query-params", format_func=answer_title, width=360)
        down = by != _FILE and st.toggle("Largest first", key="grade-down", bind="query-params")
        left = st.toggle("Not graded by me yet", key="grade-left", bind="query-params")
    order = answers.index if by == _FILE else answers[by].sort_values(ascending=not down, kind="stable").index
    marks = graded(FILES)
    done = set(marks["item"][(marks["grader"] == grader()) & (marks["grade"] != "")]) if left else set()
    return [read[index] for index in order if read[index].upload.item not in done]


def _one_by_one(order: Sequence[Answered], look: str, choice: Choice, drawn: int) -> None:
    index = _index(order, look)
    one = order[index]
    left, right = st.columns([2, 3], gap="large")
    with left:
        # Each on its own scale: the cut-out may lack what is brightest in the field.
        given = _shown(one).pixels
        panels = [Panel("Network input", given)]
        if one.answer.shape != given.shape:
            panels.insert(0, Panel("As read", as_drawn(one.upload.whole())))
        lens_view(panels, key="grade-analyse", unit="", upright=upright(one.answer), own=True, **choice.display)
    with right:
        st.markdown(plain(one.upload.name))
        st.caption(plain(_answer(one)))

        def go(at: int) -> None:
            st.session_state[_AT] = (look, order[at].upload.item, at)

        items = Items(FILES, len(order), lambda at: order[at].upload.item, lambda at: order[at].upload.name)
        desk(items, index, go, "analyse")
        with st.container(horizontal=True, gap="small"):
            if one.upload.name != look:
                options = {"icon": ":material/search:", "type": "tertiary", "key": "look-at-graded"}
                st.button("All about this image", on_click=_look_at, args=(one.upload.name,), **options)
            if revision(FILES) != drawn:
                told = "They were drawn before the last marks were made. Downloads hold them already."
                options = {"icon": ":material/refresh:", "type": "tertiary", "key": "update-analyse"}
                st.button("Update tables", help=told, on_click=whole_page, **options)


def _answer(one: Answered) -> str:
    """The class that was answered, once the grader has said what they think."""
    if one.answer.classified is None:
        return "not classified"
    if not own_marks(FILES, one.upload.item, grader())["grade"]:
        return "The network's answer is shown here once you have graded the image."
    return f"class: {one.answer.called or CANNOT_TELL}"


def _index(order: Sequence[Answered], look: str) -> int:
    """Where the image in hand is: that which was graded last, until another one is looked at."""
    before, item, at = st.session_state.get(_AT, ("", "", 0))
    items = [one.upload.item for one in order]
    if before == look:
        return items.index(item) if item in items else min(at, len(order) - 1)
    return next((index for index, one in enumerate(order) if one.upload.name == look), 0)


def _look_at(name: str) -> None:
    st.session_state["look"] = name
    whole_page()


def grades_of_files(read: Sequence[Answered]) -> None:
    """Draw the menus, and how well graders agree."""
    if read_only():
        return
    say_imported()
    names = {one.upload.item: one.upload.name for one in read}
    marks = _marks(names)
    with st.container(horizontal=True, gap="small"):
        options = {"icon": ":material/download:", "type": "tertiary", "on_click": "ignore", "key": "marks-of-files"}
        made = functools.partial(_marks_csv, names)
        st.download_button("Every grader's marks (CSV)", made, "marks.csv", "text/csv", **options)
        import_menu(FILES, lambda: names, "file or item")
        with st.popover("New data set", icon=":material/library_add:"):
            _new_set(read, marks)
    agree(marks)


def _marks(names: Mapping[str, str]) -> pd.DataFrame:
    marks = graded(FILES)
    return marks[marks["item"].isin(names)].reset_index(drop=True)


def _marks_csv(names: Mapping[str, str]) -> bytes:
    """With the marks of the moment: those made one by one do not draw the page anew."""
    marks = _marks(names)
    return exported(marks.assign(file=marks["item"].map(names))).to_csv(index=False).encode()


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
