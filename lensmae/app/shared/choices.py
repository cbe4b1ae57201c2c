"""The shared choice of data sets, lens, checkpoints and display: in the sidebar, the same on every page, and in the address."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from lensmae.app.shared import loaders
from lensmae.app.shared.damaged import damaged_records
from lensmae.app.shared.foreign_weights import load_weights
from lensmae.app.shared.widgets import empty_state, unknown_value
from lensmae.data import DatasetInfo
from lensmae.errors import DatasetError
from lensmae.figures import STRETCHES

if TYPE_CHECKING:
    from lensmae.models import CheckpointEntry

NETWORK_TITLES = {"mae": "Masked autoencoder", "classifier": "Classifier", "superres": "Super-resolver"}
_NONE = "–"
_PERCENTILES = (100.0, 99.8, 99.0, 95.0)


@dataclass(frozen=True)
class Choice:
    """What the visitor chose.

    Attributes:
        data: set of single lenses, or None where the workspace has none.
        lens: row of `data`.
        pairs: set of LR/HR pairs, or None.
        checkpoints: one a kind.
        stretch, percentile: how flux is displayed.
        notices: what the address asked for and did not get.
    """

    data: DatasetInfo | None
    lens: int
    pairs: DatasetInfo | None
    checkpoints: "dict[str, CheckpointEntry]"
    stretch: str
    percentile: float
    notices: list[str] = field(default_factory=list)

    def checkpoint(self, kind: str) -> "CheckpointEntry":
        """The chosen checkpoint; where there is none of its kind, the page says so and stops."""
        if kind not in self.checkpoints:
            empty_state(
                f"There is no {NETWORK_TITLES[kind].lower()} yet. Train one on the Training page, or run `lensmae train`."
            )
        return self.checkpoints[kind]

    def dataset(self) -> DatasetInfo:
        """The chosen data set; where there is none, the page says so and stops."""
        if self.data is None:
            empty_state("There are no lenses here yet. Run `lensmae simulate model_ii demo --per-class 100` and reload the page.")
        return self.data

    def pair_set(self) -> DatasetInfo:
        """The chosen pair set; where there is none, the page says so and stops."""
        if self.pairs is None:
            empty_state("There are no LR/HR pairs here yet. Run `lensmae simulate superres pairs --per-class 60` and reload.")
        return self.pairs

    def about(self, *checkpoints: str) -> str:
        """The chosen lens, and checkpoints by name, for the foot of a saved image."""
        said = "" if self.data is None else f"Row {self.lens} of {self.data.name}: {loaders.lens_text(self.data, self.lens)}"
        return "; ".join(filter(None, [said, f"checkpoint {', '.join(checkpoints)}" if checkpoints else ""]))

    def file(self, view: str) -> str:
        """Name for a file of the chosen lens, as a view shows it."""
        return view if self.data is None else f"{self.data.name}-{self.lens}-{view}"

    @property
    def display(self) -> dict[str, str | float]:
        """Options of `lens_view`."""
        return {"stretch": self.stretch, "percentile": self.percentile}


def sidebar() -> Choice:
    """Draw the shared choices and return them."""
    notices: list[str] = []
    with st.sidebar:
        data = _choose_set("data", "Data set", loaders.datasets(), notices)
        lens = 0
        if data is not None:
            try:
                lens = _choose_lens(data, notices)
            except DatasetError as problem:
                # One damaged set takes no page with it; another can be chosen above.
                notices.append(str(problem))
                data = None
        with st.expander("Checkpoints", icon=":material/neurology:"):
            chosen = {kind: entry for kind in NETWORK_TITLES if (entry := _choose_checkpoint(kind, notices))}
            load_weights()
        with st.expander("Display and pairs", icon=":material/tune:"):
            pairs = _choose_set("pairs", "LR/HR pairs", loaders.datasets(pairs=True), notices)
            stretch = _choose("stretch", "Stretch", STRETCHES, notices)
            limits = [f"{percentile:g}" for percentile in _PERCENTILES]
            percentile = float(_choose("limit", "Upper limit (percentile of the pixels)", limits, notices))
        damaged_records()
    choice = Choice(data, lens, pairs, chosen, stretch, percentile, notices)
    st.session_state["_choice"] = choice
    return choice


def current() -> Choice:
    """The choice that `sidebar` drew in this run."""
    if PagesManager.uses_pages_directory or "_choice" not in st.session_state:
        # A fresh server whose first visitor comes by a link to a page takes pages/ for the automatic kind and runs the page
        # without dashboard.py. Streamlit drops that idea at the first `st.navigation`; here it has to be told.
        PagesManager.uses_pages_directory = False
        st.rerun()
    return st.session_state["_choice"]


def choose_second(entry: "CheckpointEntry", key: str) -> "CheckpointEntry | None":
    """A second checkpoint of the same kind to stand beside the first, where there is one and the visitor wants it."""
    others = {one.name: one for one in loaders.checkpoints(entry.card.kind) if one.name != entry.name}
    if not others:
        return None
    unknown_value(key, [_NONE, *others], "checkpoint to compare with", "none")
    name = st.selectbox(f"Compare {entry.name} with", [_NONE, *others], key=key, bind="query-params", width=320)
    return others.get(name)


def _choose(key: str, label: str, names: tuple[str, ...] | list[str], notices: list[str], default: int = 0) -> str:
    asked = st.query_params.get(key)
    if asked is not None and asked not in names:
        notices.append(f"The address asks for {label.lower()} “{asked[:60]}”, which is not here; showing {names[default]}.")
    return st.selectbox(label, names, index=default, key=key, bind="query-params")


def _choose_set(key: str, label: str, infos: list[DatasetInfo], notices: list[str]) -> DatasetInfo | None:
    named = {info.name: info for info in infos}
    if not named:
        return None
    names = list(named)
    # The demo set comes first, so that a new set does not change what a link without a name shows.
    demo = (index for index, name in enumerate(names) if name.startswith("demo"))
    # Else one that has something to tell apart.
    several = (index for index, info in enumerate(infos) if len(info.classes) > 1)
    default = next(demo, next(several, 0))
    return named[_choose(key, label, names, notices, default)]


def _choose_checkpoint(kind: str, notices: list[str]) -> "CheckpointEntry | None":
    entries = {entry.name: entry for entry in loaders.checkpoints(kind)}
    return entries[_choose(kind, NETWORK_TITLES[kind], list(entries), notices)] if entries else None


def _choose_lens(data: DatasetInfo, notices: list[str]) -> int:
    rows = loaders.get_dataset(data).indices("test")
    default = int(rows[0]) if len(rows) else 0
    _check_lens(data, default, notices)

    def another() -> None:
        # A step of 1 to n - 1 around the set: never the lens that is there already.
        step = 1 + int(np.random.default_rng().integers(max(1, data.n - 1)))
        st.session_state["lens"] = (st.session_state["lens"] + step) % data.n

    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    lens = row.number_input(
        "Lens", 0, data.n - 1, default, key="lens", bind="query-params", help=f"Row of the data set, 0 to {data.n - 1}."
    )
    row.button("", icon=":material/casino:", help="Another lens", on_click=another, key="another")
    described = loaders.describe_lens(data, int(lens))
    st.caption(f"{described} · {data.n} lenses of {data.shape[0]}×{data.shape[1]} px")
    return int(lens)


def _check_lens(data: DatasetInfo, default: int, notices: list[str]) -> None:
    asked = st.query_params.get("lens")
    if asked is not None and not (asked.isascii() and asked.isdigit() and len(asked) < 12 and int(asked) < data.n):
        notices.append(f"The address asks for lens “{asked[:60]}”; {data.name} has lenses 0 to {data.n - 1}.")
    # A data set chosen later may be shorter than the one before it.
    if st.session_state.get("lens") is not None and st.session_state["lens"] >= data.n:
        st.session_state["lens"] = default
