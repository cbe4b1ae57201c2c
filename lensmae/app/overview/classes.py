"""What a strong lens, its classes and the network are, in a paragraph and pictures."""

import streamlit as st

from lensmae.app.lens_view.component import lens_view
from lensmae.app.shared.choices import Choice
from lensmae.data.simulation.class_examples import ClassExample, class_examples
from lensmae.data.simulation.presets import PRESETS
from lensmae.figures import Panel

_EXPLAINED = (
    "A massive galaxy bends the light of a galaxy behind it into arcs or a ring: a **strong gravitational lens**. Clumps of dark "
    "matter in the lens distort the ring a little, and differently for every kind of dark matter: **no_sub** is a smooth lens, "
    "**cdm** one with the compact subhalos of cold dark matter, **axion** one with a vortex line of ultralight axions. The "
    "network, a **masked autoencoder**, learns lenses by reconstructing images of which most is hidden; from what it has "
    "learned, a classifier tells the classes apart, and a super-resolver sharpens images."
)


@st.cache_resource(show_spinner=False)
def _examples() -> list[ClassExample]:
    return class_examples()


def classes(choice: Choice) -> None:
    """Draw one lens with each kind of substructure, and what the substructure changes."""
    st.markdown(_EXPLAINED)
    examples = _examples()
    panels = [Panel(one.class_name, one.image) for one in examples]
    panels += [Panel(f"{one.class_name} − no_sub", one.change, residual=True) for one in examples[1:]]
    lens_view(panels, key="classes", unit=PRESETS["model_ii"].flux_unit, columns=5, **choice.display)
