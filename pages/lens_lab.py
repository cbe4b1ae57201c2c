"""What would I see? A lens under sliders, its dark matter moved by hand, and the networks' answer to it."""

import streamlit as st

from lensmae.app import choices, lab, lab_controls, lab_matter
from lensmae.app.guard import fragment
from lensmae.app.widgets import page_title


def workbench(choice: choices.Choice) -> None:
    base = lab.begin(choice)
    shown, chosen = st.columns([3, 2], gap="large")
    with chosen:
        # Above the controls, so that it is seen while they move; filled when the pictures are there.
        said = st.container()
        lens = lab_controls.controls(base)
        lab.open_button(choice)
    lab_matter.remember()
    with shown:
        seen = lab.observe(lens)
        lab.pictures(lens, seen, choice)
    with said:
        lab.answers(lens, seen.image, choice)
    lab.sweep(lens, choice)
    lab.save(lens, seen)


choice = choices.current()
page_title(
    "Lens lab", "What would I see? Move the sliders, click on the image to put dark matter there, drag it across the ring."
)
fragment(workbench)(choice)
