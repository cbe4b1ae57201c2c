"""Everything to mark one image with: the bar, tags, a note, and whose marks they are."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from lensmae.app.grading.bar import GRADER, LONGEST_NAME, grading_bar
from lensmae.app.shared.guard import whole_page
from lensmae.app.shared.plain_text import plain
from lensmae.data.records.grades import GRADES, Mark, add_marks, graded, known_graders, known_tags, undo
from lensmae.errors import RecordError
from lensmae.workspace import read_only


@dataclass(frozen=True)
class Items:
    """Images to go through.

    Attributes:
        sample: what they are of, as `add_marks` takes it.
        count: how many.
        item, label: of each, by its index.
    """

    sample: str
    count: int
    item: Callable[[int], str]
    label: Callable[[int], str]


def desk(items: Items, index: int, go: Callable[[int], None], key: str) -> None:
    """Draw the controls for the image at an index.

    Args:
        go: called with the index of another image, before the run that shows it; the caller keeps it.
        key: of the widgets.
    """
    if read_only():
        st.caption("This dashboard is read-only: it keeps no grades.")
        return
    with st.container(border=True, gap="small"):
        _draw(items, index, go, key)


def _draw(items: Items, index: int, go: Callable[[int], None], key: str) -> None:
    known = grader()
    mine = own_marks(items.sample, items.item(index), known)
    # Several keys may come before the next run: the index goes on with them.
    at = [index]

    def pressed(what: str) -> None:
        if what == "undo":
            _undo(items, known, at, go)
            return
        if what in GRADES:
            again = own_marks(items.sample, items.item(at[0]), known)["grade"] == what
            _mark(items, at[0], known, "grade", "" if again else what)
        if not (what in GRADES and not st.session_state.get("_go-on", True)):
            at[0] = min(max(at[0] + (-1 if what == "previous" else 1), 0), items.count - 1)
            go(at[0])

    disabled = [name for name, off in (("previous", index == 0), ("next", index == items.count - 1)) if off]
    grading_bar(
        key, f"{index + 1:,} of {items.count:,}", mine["grade"], disabled if known else [*GRADES, "undo", *disabled], pressed
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _choose_grader(key)
        if known:
            _tags(items, index, known, mine["tags"], key)
            _note(items, index, known, mine["note"], key)
            st.session_state.setdefault("_go-on", True)
            st.checkbox("Go on", key=f"go-on-{key}", value=st.session_state["_go-on"], help="To the next image after a grade.",
                        on_change=lambda: st.session_state.update({"_go-on": st.session_state[f"go-on-{key}"]}))  # fmt: skip
        else:
            st.caption("Say who grades; then the keys A, B, C and X do.")


def grader() -> str:
    """Whose marks this visitor's are; "" until it is said."""
    return st.session_state.get(GRADER, "")


def own_marks(sample: str, item: str, name: str) -> pd.Series:
    """What a grader said of an image: grade, tags, note."""
    found = graded(sample, item)
    found = found[found["grader"] == name]
    return found.iloc[0] if len(found) else pd.Series({"grade": "", "tags": (), "note": ""})


def _choose_grader(key: str) -> None:
    def chosen() -> None:
        st.session_state[GRADER] = (st.session_state[f"grader-{key}"] or "").strip()[:LONGEST_NAME]
        whole_page()

    st.session_state[f"grader-{key}"] = grader()
    helped = "Several people can grade the same images; the marks of each are kept apart."
    if known_graders():
        helped += f" So far: {', '.join(known_graders())}."
    st.text_input(
        "Grader",
        key=f"grader-{key}",
        on_change=chosen,
        max_chars=LONGEST_NAME,
        placeholder="Your initials",
        help=helped,
        width=150,
    )


def _tags(items: Items, index: int, name: str, now: tuple[str, ...], key: str) -> None:
    widget = f"tags-{key}-{items.item(index)}"

    def chosen() -> None:
        wished = {tag.strip() for tag in st.session_state[widget] if tag.strip()}
        for tag in sorted(wished - set(now)):
            _mark(items, index, name, "tag", tag)
        for tag in sorted(set(now) - wished):
            _mark(items, index, name, "untag", tag)

    st.session_state[widget] = list(now)
    options = sorted({*known_tags(), *now})
    st.multiselect("Tags", options, key=widget, on_change=chosen, accept_new_options=True, placeholder="Own words", width=260)


def _note(items: Items, index: int, name: str, now: str, key: str) -> None:
    widget = f"note-{key}-{items.item(index)}"

    def written() -> None:
        # Streamlit also calls this where the field of one image took the place of another's: nothing was written then.
        if (text := st.session_state[widget].strip()) != own_marks(items.sample, items.item(index), name)["note"]:
            _mark(items, index, name, "note", text)

    st.session_state[widget] = now
    st.text_input("Note", key=widget, on_change=written, max_chars=2000, width=320)


def _mark(items: Items, index: int, name: str, kind: str, value: str) -> None:
    try:
        add_marks(items.sample, name, [Mark(items.item(index), items.label(index), kind, value)])
    except RecordError as problem:
        # A callback's errors do not reach the page's guard.
        st.toast(plain(str(problem)), icon=":material/error:")


def _undo(items: Items, name: str, at: list[int], go: Callable[[int], None]) -> None:
    try:
        taken = undo(items.sample, name)
    except RecordError as problem:
        st.toast(plain(str(problem)), icon=":material/error:")
        return
    if not taken:
        st.toast("You have nothing to undo.", icon=":material/undo:")
        return
    # Back to the image it was of, where that is among these.
    last = taken[0]
    where = next((index for index in range(items.count) if items.item(index) == last.item), None)
    if where is not None:
        at[0] = where
        go(where)
    more = f" and {len(taken) - 1:,} more" if len(taken) > 1 else ""
    st.toast(plain(f"Undone: {_said(last)}, {last.label}{more}"), icon=":material/undo:")


def _said(mark: Mark) -> str:
    """What an entry did, in words."""
    return {
        "grade": f"grade {mark.value}" if mark.value else "taking the grade away",
        "tag": f"tag “{mark.value}”",
        "untag": f"taking off the tag “{mark.value}”",
        "note": "note",
    }[mark.kind]
