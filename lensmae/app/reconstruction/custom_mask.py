"""The mask that a visitor makes by clicking on patches: it lives in the address, so that a link reopens it."""

import numpy as np
import streamlit as st

from lensmae.app.lens_view.events import Box, Click, Event
from lensmae.app.shared.plain_text import plain
from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.custom_masks import fill_box, flip_patch, mask_text, read_mask

OWN = "own"
_SHOWN = "_mask_shown"
_PENDING = "_mask_pending"


def own_mask(fallback: np.ndarray) -> np.ndarray:
    """The mask (gh, gw) of the address; where it holds none, the one last shown, or else the fallback."""
    shown = st.session_state.get(_SHOWN)
    start = shown if shown is not None and shown.shape == fallback.shape else fallback
    pending = st.session_state.get(_PENDING)
    if pending is not None and pending.shape == fallback.shape:
        return pending
    text = st.query_params.get("mask")
    if text is None:
        return start
    try:
        return read_mask(text, fallback.shape)
    except ConfigError as problem:
        st.warning(plain(str(problem)), icon=":material/link_off:")
        return start


def remember_shown(hidden: np.ndarray) -> None:
    """Note the mask on the screen: the next click changes it."""
    st.session_state[_SHOWN] = hidden


def keep_address(hidden: np.ndarray) -> None:
    """Put the mask that is shown into the address. Called after the pictures are drawn: a new address makes the browser draw
    the whole page anew, which would come before them."""
    st.session_state.pop(_PENDING, None)
    st.query_params["mask"] = mask_text(hidden)


def forget_own() -> None:
    """Take the visitor's mask out of the address: another strategy is shown."""
    st.session_state.pop(_PENDING, None)
    if "mask" in st.query_params:
        del st.query_params["mask"]


def edit(event: Event, patch_size: int) -> None:
    """Change the shown mask as a click or a box says, and go on with it as the visitor's own."""
    hidden = st.session_state[_SHOWN]
    try:
        if isinstance(event, Click):
            _keep(flip_patch(hidden, *event.patch(patch_size)))
        elif isinstance(event, Box):
            _keep(fill_box(hidden, *event.patches(patch_size)))
    except ConfigError as problem:
        st.toast(plain(str(problem)), icon=":material/error:")


def invert() -> None:
    """Show what is hidden, hide what is visible."""
    hidden = st.session_state[_SHOWN]
    if hidden.any():
        _keep(~hidden)


def show_all() -> None:
    """Hide nothing."""
    _keep(np.zeros_like(st.session_state[_SHOWN]))


def _keep(hidden: np.ndarray) -> None:
    st.session_state["strategy"] = OWN
    # Clicks that come faster than pictures add up.
    st.session_state[_PENDING] = st.session_state[_SHOWN] = hidden
