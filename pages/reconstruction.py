"""What does the network know? Hide patches of a lens and see what it redraws."""

import streamlit as st

from lensmae.app import choices, loaders
from lensmae.app.guard import fragment
from lensmae.app.redraw import redraw_view, remember_ratio
from lensmae.app.widgets import choose, numbers, page_title, unfit_number
from lensmae.evaluation.frames import STRATEGIES, error_table

TITLES = {
    "random": "Random",
    "block": "Block",
    "grid": "Grid",
    "half": "Half",
    "ring": "The ring",
    "surroundings": "All but the ring",
}


def workbench(choice: choices.Choice) -> None:
    data, entry = choice.dataset(), choice.checkpoint("mae")
    unfit_number("seed", 0, 999, "seed")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        strategy = choose("Hide", STRATEGIES, "strategy", TITLES)
    with right:
        seed = st.slider("Seed of the mask", 0, 999, 0, key="seed", bind="query-params")
    image = loaders.lens_image(data, choice.lens)
    frames = loaders.frames(entry.path, image, seed, strategy)
    remember_ratio(redraw_view(image, frames, choice, key="reconstruction", unit=data.flux_unit))
    numbers(error_table(frames), f"{data.name}-{choice.lens}-{strategy}-{seed}")


choice = choices.current()
page_title(
    "Reconstruction",
    "What does the network know? It sees the patches that are left and redraws the rest. "
    "Masks of one seed are nested: a larger ratio hides what a smaller one hid, and more.",
)
fragment(workbench)(choice)
