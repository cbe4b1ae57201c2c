"""Embeddings: which lenses of a projection are shown, by anything that is known of them. In the address."""

import numpy as np
import streamlit as st

from lensmae.app.embeddings import colours
from lensmae.app.embeddings.view_data import EmbeddingsView
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.widgets import unknown_value
from lensmae.evaluation.facts import Fact

_ALL = "all lenses"


def shown_lenses(choice: Choice, view: EmbeddingsView) -> np.ndarray:
    """Draw the choice; which lenses of the view are shown, (N,) bool."""
    everything = np.ones(len(view.rows), dtype=bool)
    names = [_ALL, *colours.colour_names(choice, view)]
    with st.popover("Show only", icon=":material/filter_alt:"):
        unknown_value("filter", names, "property to filter by", _ALL)
        name = st.selectbox("Property", names, key="filter", bind="query-params")
        found = None if name == _ALL else colours.colour(choice, view, name)
        if found is None:
            return everything
        kept = _by_name(found) if found.values is None else _by_value(found)
    if not kept.any():
        st.info("No lens is left; choose others under “Show only”.", icon=":material/filter_alt_off:")
        return everything
    return kept


def _by_name(found: Fact) -> np.ndarray:
    options = sorted(set(found.names.tolist()))
    chosen = st.pills(found.name.capitalize(), options, selection_mode="multi", key="filter-names", bind="query-params")
    known = [name for name in chosen if name in options]
    return np.isin(found.names, known) if known else np.ones(len(found.names), dtype=bool)


def _by_value(found: Fact) -> np.ndarray:
    """Lenses without a value are left out once there is a limit."""
    st.caption(found.name)
    finite = found.values[np.isfinite(found.values)]
    ends = f"{finite.min():.4g} to {finite.max():.4g}" if len(finite) else "no lens has a value"
    low = st.number_input("From", value=None, format="%g", key="filter-low", bind="query-params", help=ends, placeholder="any")
    high = st.number_input("To", value=None, format="%g", key="filter-high", bind="query-params", help=ends, placeholder="any")
    if low is None and high is None:
        return np.ones(len(found.values), dtype=bool)
    return (found.values >= (-np.inf if low is None else low)) & (found.values <= (np.inf if high is None else high))
