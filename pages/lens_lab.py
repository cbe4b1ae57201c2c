"""What would I see? A lens under sliders, its substructure moved by hand, and the networks' answer to it."""

import streamlit as st

from lensmae.app.lens_lab import controls, keep, page, substructure, telescopes
from lensmae.app.shared import choices
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.widgets import page_title


def workbench(choice: choices.Choice) -> None:
    """The lens, its controls, and what the networks say of it."""
    base = page.begin(choice)
    shown, chosen = st.columns([3, 2], gap="large")
    with chosen:
        # Above the controls, so that it is seen while they move; filled when the pictures are there.
        said = st.container()
        lens = controls.controls(base)
        page.open_button(choice)
    substructure.remember()
    with shown:
        seen = page.observe(lens)
        page.pictures(lens, seen, choice)
    with said:
        page.answers(lens, seen.image, choice)
    telescopes.side_by_side(lens, choice)
    page.sweep(lens, choice)
    keep.save(lens, seen)


choice = choices.current()
page_title("Lens lab", "What would I see? Move the sliders, click on the image to put a subhalo there, drag it across the ring.")
fragment(workbench)(choice)
