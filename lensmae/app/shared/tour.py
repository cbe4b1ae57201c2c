"""A tour of five pages: on each, one thing to try. It stands in the address (`tour=2`) and can be left at any time."""

import streamlit as st

_KEY = "tour"
_STEPS = (
    ("overview", "Drag the mask ratio to 90 %: the network reconstructs the lens from the few patches that are left."),
    ("lens_lab", "Click on the ring to put a subhalo there, drag it along the arc, and watch the class probabilities."),
    ("classification", "Click a cell of the confusion matrix to see its lenses, the surest errors first."),
    ("embeddings", "Lenses that look alike to the network lie together. Click a point, or select many with the lasso."),
    ("analyse", "Drop an image of your own: you get an answer, or a plain “cannot tell”."),
)


def start_link() -> None:
    """The way into the tour, on its first page."""
    # A link to the page that is open would leave the browser's address as it is, and the next run would forget the tour.
    st.button("A tour in five steps", icon=":material/tour:", on_click=_start, key="tour-start")


def step(page: str) -> None:
    """Draw the step of the tour that the address asks for, where it is one of this page.

    Args:
        page: its file's name without ending.
    """
    asked = st.query_params.get(_KEY, "")
    index = int(asked) - 1 if asked in {str(number) for number in range(1, len(_STEPS) + 1)} else None
    if index is None or _STEPS[index][0] != page:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="tour-step"):
        st.markdown(f":primary[**{index + 1} of {len(_STEPS)}**] {_STEPS[index][1]}", width="stretch")
        if index:
            _link(index - 1, "Back", ":material/arrow_back:")
        if index + 1 < len(_STEPS):
            _link(index + 1, "Next", ":material/arrow_forward:")
        st.button("End the tour", on_click=_end, type="tertiary", key="tour-end")


def _link(index: int, label: str, icon: str) -> None:
    address = st.query_params.to_dict() | {_KEY: str(index + 1)}
    st.page_link(f"pages/{_STEPS[index][0]}.py", label=label, icon=icon, query_params=address)


def _start() -> None:
    st.query_params[_KEY] = "1"


def _end() -> None:
    del st.query_params[_KEY]
