"""The shared choice of data set, lens and checkpoints: in the sidebar, the same on every page, and in the URL."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app import loaders
from lensmae.data import DatasetInfo

if TYPE_CHECKING:
    from lensmae.models import CheckpointEntry

_KINDS = {"mae": "Masked autoencoder", "classifier": "Classifier", "superres": "Super-resolver"}


@dataclass(frozen=True)
class Choice:
    """What the visitor chose: a data set (or None where the workspace is empty), a row of it, and a checkpoint a kind."""

    data: DatasetInfo | None
    lens: int
    checkpoints: "dict[str, CheckpointEntry]"

    def checkpoint(self, kind: str) -> "CheckpointEntry":
        """The chosen checkpoint; where there is none of its kind, the page says so and stops."""
        if kind not in self.checkpoints:
            st.info(f"There is no {_KINDS[kind].lower()} yet. Train one on the Training page.", icon=":material/model_training:")
            st.stop()
        return self.checkpoints[kind]

    def dataset(self) -> DatasetInfo:
        """The chosen data set; where there is none, the page says so and stops."""
        if self.data is None:
            st.info(
                "There are no lenses here yet. Run `lensmae simulate model_ii demo --per-class 120` and reload the page.",
                icon=":material/folder_open:",
            )
            st.stop()
        return self.data


def _choose_lens(count: int) -> int:
    # A new data set may be shorter than the one before it, and a link may name a lens that is not there.
    if st.session_state.get("lens", 0) >= count:
        st.session_state["lens"] = 0

    def another() -> None:
        st.session_state["lens"] = int(np.random.default_rng().integers(count))

    number, button = st.columns([3, 1], vertical_alignment="bottom")
    lens = number.number_input("Lens", 0, count - 1, key="lens", bind="query-params", help=f"Row of the data set, 0 to {count - 1}")
    button.button("", icon=":material/casino:", help="Another lens", on_click=another, width="stretch")
    return int(lens)


def sidebar() -> Choice:
    """Draw the shared choices and return them."""
    infos = {info.name: info for info in loaders.datasets()}
    with st.sidebar:
        data, lens = None, 0
        if infos:
            name = st.selectbox("Data set", list(infos), key="data", bind="query-params")
            data = infos[name]
            lens = _choose_lens(data.n)
            st.caption(f"{data.n} lenses · {data.shape[0]}×{data.shape[1]} px · {', '.join(data.classes)}")
        chosen = {}
        with st.expander("Checkpoints"):
            for kind, title in _KINDS.items():
                entries = {entry.name: entry for entry in loaders.checkpoints(kind)}
                if entries:
                    chosen[kind] = entries[st.selectbox(title, list(entries), key=kind, bind="query-params")]
    choice = Choice(data, lens, chosen)
    st.session_state["_choice"] = choice
    return choice


def current() -> Choice:
    """The choice that `sidebar` drew in this run."""
    return st.session_state["_choice"]
