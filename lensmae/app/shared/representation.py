"""How well a frozen autoencoder separates the classes, in words, from the results that travel with it."""

import streamlit as st

from lensmae.app.shared.choices import Choice
from lensmae.app.shared.plain_text import plain


def separation_caption(choice: Choice) -> None:
    """A sentence under what shows the autoencoder's features; nothing where it was never probed."""
    from lensmae.evaluation.classification.probe_results import NAME, said_of

    entry = choice.checkpoints.get("mae")
    said = None if entry is None else said_of(entry.path.with_name(NAME), entry.name)
    if said is not None:
        st.caption(plain(said))
