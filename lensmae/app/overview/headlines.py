"""The headline figure of every chosen checkpoint, with the way to the lenses that it was measured on."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from lensmae.app.data import dataset_jobs
from lensmae.app.shared import choices, loaders
from lensmae.app.shared.plain_text import plain
from lensmae.evaluation.reports.headlines import headline, reported_set
from lensmae.shipped import CHECKPOINTS
from lensmae.workspace import read_only

if TYPE_CHECKING:
    from lensmae.models import CheckpointEntry


def headlines(choice: choices.Choice) -> None:
    """A card a checkpoint."""
    for column, entry in zip(st.columns(len(choice.checkpoints)), choice.checkpoints.values(), strict=True):
        with column.container(border=True, height="stretch"):
            _headline(entry)


def _headline(entry: "CheckpointEntry") -> None:
    found = headline(entry.card, entry.name, loaders.results() if entry.path.parent == CHECKPOINTS else {})
    if found is None:
        st.metric(choices.NETWORK_TITLES[entry.card.kind], entry.name)
        st.caption("Its card holds no figures; `lensmae evaluate` measures it.")
        return
    st.metric(plain(found.name), plain(found.value))
    said = [found.baseline, found.hardest, f"{entry.name} · {found.measured_on}"]
    st.caption("  \n".join(plain(line) for line in said if line))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        known = {info.name for info in [*loaders.datasets(), *loaders.datasets(pairs=True)]}
        if found.data in known:
            address = st.query_params.to_dict() | {"set": found.data}
            st.page_link("pages/data.py", label=found.data, icon=":material/database:", query_params=address)
        elif (made := reported_set(loaders.results(), found.data)) is not None and not read_only():
            told = (
                f"The {made.lenses:,} lenses, on all or some of which this was measured, are simulated again from the same seed."
            )
            key = f"make-{entry.card.kind}"
            if st.button(
                f"Make these {made.lenses:,} lenses here", icon=":material/database:", type="tertiary", help=told, key=key
            ):
                dataset_jobs.start_simulation(made.name, made.preset, made.per_class, made.seed)
                st.switch_page("pages/data.py", query_params=st.query_params.to_dict())
        with st.popover("All its figures", type="tertiary", icon=":material/table:", key=f"card-{entry.card.kind}"):
            st.dataframe(_facts(entry), hide_index=True, width=420, height=360)


def _facts(entry: "CheckpointEntry") -> pd.DataFrame:
    """Figures and training data of a card, one per row; what a file says of itself is shown as text."""
    rows = [(f"{split} · {name}", value) for split, figures in entry.card.metrics.items() for name, value in _flat(figures)]
    rows += [(f"trained on · {name}", value) for name, value in _flat(entry.card.data)]
    return pd.DataFrame([(name, _text(value)) for name, value in rows], columns=["figure", "value"])


def _flat(figures: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in figures.items():
        found += _flat(value, f"{before}{name} · ") if isinstance(value, dict) else [(f"{before}{name}", value)]
    return found


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
