"""All answers of the Analyse page: refusals, how many images are strange, a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from lensmae.app.analyse import uploads
from lensmae.app.analyse.preview import choose_axes
from lensmae.app.analyse.uploads import Answered
from lensmae.app.shared.choices import KINDS, Choice
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import numbers

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis

_FEW = 3


def refusals(found: Sequence[Answered]) -> list[Answered]:
    """Name every file that could not be read; the others are returned."""
    from lensmae.evaluation.images.analyse import Refusal

    refused = [one.answer for one in found if isinstance(one.answer, Refusal)]
    if len(refused) <= _FEW:
        for one in found:
            if isinstance(one.answer, Refusal):
                st.error(plain(one.answer.reason), icon=":material/error:")
                if "--axes" in one.answer.reason or one.upload.reading.axes:
                    choose_axes(one.upload)
    else:
        st.error(f"{len(refused)} of {len(found)} files were not read; each is named here with its reason.")
        rows = [{"file": one.name, "reason": one.reason} for one in refused]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="refusals", alt="Files that were not read")
    return [one for one in found if not isinstance(one.answer, Refusal)]


def unfinished(answered: int, total: int) -> None:
    """Say so where the visitor stopped the work, and offer to go on."""
    if answered < total:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Stopped after {answered} of {total} files.", icon=":material/pause:")
            st.button("Go on", key="go-on", icon=":material/play_arrow:", on_click=uploads.go_on)


def caveat(found: Sequence[Answered], asked: Asked, choice: Choice) -> None:
    """What must be known before an answer is believed."""
    withheld = sum(one.answer.classified is not None and one.answer.called is None for one in found)
    if withheld and len(found) > 1:
        st.warning(
            f"{withheld} of {len(found)} images are out of the classifier's domain: no class is told of them.",
            icon=":material/warning:",
        )
    for note in asked.notes:
        st.info(note, icon=":material/help:")
    sets = sorted({entry.card.data.get("preset") or "unknown data" for entry in choice.checkpoints.values()})
    st.caption(
        f"The networks learnt from simulated lenses only ({', '.join(sets)}). An image that passes as usual may still be no such "
        "lens: take answers for a telescope image as a demonstration, not as a measurement."
    )


def summary(found: Sequence[Answered], names: Sequence[str]) -> None:
    """A table over all images; the chosen row is the one that is looked at."""
    from lensmae.evaluation.images.answers import table

    full = table([one.answer for one in found]).assign(file=list(names))
    shown = _shown(full, found)

    def chosen() -> None:
        rows = st.session_state["answers"].selection.rows
        if rows:
            st.session_state["look"] = names[rows[0]]

    st.dataframe(
        shown,
        hide_index=True,
        key="answers",
        row_height=52,
        column_config=_columns(shown),
        on_select=chosen,
        selection_mode="single-row",
        alt="Answers, one row a file",
    )
    st.caption("Click a heading to sort, a row's box to look at that image.")
    numbers(full, "analysis")


def _shown(full: pd.DataFrame, found: Sequence[Answered]) -> pd.DataFrame:
    limits = [name for name in full if name.endswith("_over_limit")]
    chances = [name for name in full if name.startswith("P(")]
    columns: dict[str, Any] = {"image": [one.thumbnail for one in found], "file": full["file"]}
    if "class" in full:
        columns |= {"class": full["class"].fillna("cannot tell"), "answered by": full["classifier"]}
        columns |= {name: full[name] for name in chances}
    if "log10_axion_mass_ev" in full:
        columns["log10_axion_mass_ev"] = full["log10_axion_mass_ev"]
    if "masked_mse" in full:
        columns["masked_mse"] = full["masked_mse"]
    if limits:
        columns["farthest"] = full[limits].max(axis=1)
        columns["in domain of"] = [_domains(one.answer) for one in found]
    pixels = full["width_px"].astype(str) + "×" + full["height_px"].astype(str)
    return pd.DataFrame(columns | {"pixels": pixels, "format": full["format"]})


def _domains(answer: "Analysis") -> str:
    return ", ".join(KINDS[kind].lower() for kind, inside in answer.in_domain.items() if inside) or "⚠ none"


def _columns(shown: pd.DataFrame) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    config: dict[str, Any] = {name: number(format="%.4f") for name in shown if name.startswith("P(")}
    return config | {
        "image": st.column_config.ImageColumn("", width="small"),
        "masked_mse": number("masked MSE", format="%.2e", help="Anomaly score: hidden pixels, the image on [0, 1]."),
        "farthest": number(
            "× limit", format="%.2f", help="Largest measure over its limit, of any network; above 1 is out of domain."
        ),
        "log10_axion_mass_ev": number("log10(m/eV)", format="%.2f", help="Axion mass, for axion lenses only."),
    }
