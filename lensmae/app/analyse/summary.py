"""All answers of the Analyse page: refusals, how many images are out of distribution, a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from lensmae.app.analyse import uploads
from lensmae.app.analyse.part import choose_axes
from lensmae.app.analyse.titles import answer_title
from lensmae.app.analyse.uploads import FILES, Answered
from lensmae.app.grading.measures import rank
from lensmae.app.shared.choices import NETWORK_TITLES, Choice
from lensmae.app.shared.networks import Asked
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.widgets import choose, numbers, numbers_of_lenses
from lensmae.data.records.grades import graded
from lensmae.data.value_titles import preset_title
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation.grading.agreement import combined
from lensmae.evaluation.images.groups import by_object

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Analysis
    from lensmae.models import CheckpointEntry

_FEW = 3
# What a reason asks for on the command line.
_ASKED = "with --axes "
# A ranking of fewer graded images says nothing.
_RANKED = 4
_ROWS_IN_SIGHT, _ROW_PX, _HEADING_PX = 10, 52, 38
_ROWS = {"files": "By file", "objects": "By object"}


def refusals(found: Sequence[Answered]) -> list[Answered]:
    """Name every file that could not be read; the others are returned."""
    from lensmae.evaluation.images.analyse import Refusal

    refused = [one for one in found if isinstance(one.answer, Refusal)]
    if len(refused) > _FEW:
        st.error(f"{len(refused)} of {len(found)} files were not read; each is named here with its reason.")
        rows = [{"file": one.answer.name, "reason": _reason(one)} for one in refused]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="refusals", alt="Files that were not read")
    for one in refused:
        if len(refused) <= _FEW:
            st.error(plain(_reason(one)), icon=":material/error:")
        if _ASKED in one.answer.reason or one.upload.reading.axes:
            choose_axes(one.upload)
    return [one for one in found if not isinstance(one.answer, Refusal)]


def _reason(one: Answered) -> str:
    return one.answer.reason.replace(_ASKED, "below: ")


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
            f"{withheld} of {len(found)} images are out of the classifier's domain: their class is withheld.",
            icon=":material/warning:",
        )
    for note in asked.notes:
        st.info(plain(note), icon=":material/help:")
    presets = sorted({_trained_on(entry) for entry in choice.checkpoints.values()})
    st.caption(
        f"The networks were trained on simulated lenses only ({plain('; '.join(presets))}). An image that passes as in domain "
        "may still be no such lens: take answers for a telescope image as a demonstration, not as a measurement."
    )


def _trained_on(entry: "CheckpointEntry") -> str:
    preset = entry.card.data.get("preset")
    return preset_title(str(preset)) if preset else f"{entry.name}: not known which"


def summary(found: Sequence[Answered], names: Sequence[str]) -> None:
    """A table over all images; the chosen row is the one that is looked at."""
    full = table(found)

    def chosen() -> None:
        rows = st.session_state["answers"].selection.rows
        if rows:
            st.session_state["look"] = names[rows[0]]

    by = choose("Rows", list(_ROWS), "rows", _ROWS)
    if by == "objects":
        objects = by_object(full)
        agreed = st.column_config.CheckboxColumn("all agree", help="The same class is predicted for every image of the object.")
        st.dataframe(objects, hide_index=True, column_config={"agree": agreed}, alt="Objects, one per row")
        numbers(objects, "objects")
        return
    _draw(full, found, on_select=chosen, selection_mode="single-row", key="answers")
    st.caption("Click a heading to sort, a row's box to look at that image.")
    numbers_of_lenses(lambda: table(found), "analysis")
    _ranking(full)


def _ranking(full: pd.DataFrame) -> None:
    """How well a column of the answers finds what the graders found good; of the graded images only."""
    if "grade" not in full or (full["grade"] != "").sum() < _RANKED:
        return
    # What a network says is no truth that it could be measured by.
    table = full[full["grade"] != ""].rename(columns={"class": "predicted"})
    view = st.expander("Ranking by grades", icon=":material/format_list_numbered:", key="ranking-open", on_change="rerun")
    if view.open:
        with view:
            st.caption(f"Of the {len(table)} graded images: would looking at the first N by a column have found the good ones?")
            # As in the table above: a withheld answer has no probabilities to rank by.
            chances = [name for name in table if name.startswith("P(")]
            table[chances] = table[chances].where(table["predicted"].notna())
            rank(table.assign(tags=[tuple(filter(None, tags.split("; "))) for tags in table["tags"]]), "uploads", answer_title)


def coming(found: Sequence[Answered]) -> None:
    """The answers that there are while others are still computed."""
    from lensmae.evaluation.images.analyse import Refusal

    read = [one for one in found if not isinstance(one.answer, Refusal)]
    if read:
        _draw(table(read), read)


def table(found: Sequence[Answered]) -> pd.DataFrame:
    """All answers, one row per file, with the grades of all graders."""
    from lensmae.evaluation.images.answers import table as answers

    full = answers([one.answer for one in found]).assign(file=[one.upload.name for one in found])
    marks = combined(graded(FILES)).set_index("item").reindex([one.upload.item for one in found])
    if marks["grade"].notna().any():
        full.insert(1, "grade", marks["grade"].fillna("").to_numpy())
        full.insert(2, "tags", ["; ".join(tags) if isinstance(tags, tuple) else "" for tags in marks["tags"]])
        full.insert(3, "note", marks["note"].fillna("").to_numpy())
    return full


def _draw(full: pd.DataFrame, found: Sequence[Answered], **options: Any) -> None:
    """The table; rows whose class is withheld are pale and carry no numbers that look like an answer."""
    shown = _shown(full, found)
    # Half of a row, where there are more than fit, says that there are more.
    rows = len(shown) if len(shown) < _ROWS_IN_SIGHT else _ROWS_IN_SIGHT - 0.5
    st.dataframe(
        shown,
        hide_index=True,
        row_height=_ROW_PX,
        height=_HEADING_PX + round(_ROW_PX * rows),
        column_config=_columns(shown),
        placeholder="–",
        alt="Answers, one row per file",
        **options,
    )


def _shown(full: pd.DataFrame, found: Sequence[Answered]) -> pd.DataFrame:
    limits = [name for name in full if name.endswith("_over_limit")]
    chances = [name for name in full if name.startswith("P(")]
    columns: dict[str, Any] = {"image": [one.thumbnail for one in found], "file": full["file"]}
    columns |= {name: full[name] for name in ("grade", "tags") if name in full}
    if "class" in full:
        columns |= {"verdict": _verdicts(full), "class": full["class"].fillna(CANNOT_TELL), "answered by": full["classifier"]}
        # Softmax of a network out of its domain looks as sure as any other; the numbers (CSV) hold it.
        columns |= {name: full[name].where(full["class"].notna()) for name in chances}
    if "log10_axion_mass_ev" in full and full["log10_axion_mass_ev"].notna().any():
        columns["log10_axion_mass_ev"] = full["log10_axion_mass_ev"]
    if "masked_mse" in full:
        columns["masked_mse"] = full["masked_mse"]
    if limits:
        columns["farthest"] = full[limits].max(axis=1)
        columns["in domain of"] = [_domains(one.answer) for one in found]
    pixels = full["width_px"].astype(str) + "×" + full["height_px"].astype(str)
    return pd.DataFrame(columns | {"pixels": pixels, "format": full["format"]})


def _verdicts(full: pd.DataFrame) -> list[str]:
    return ["✓ in domain" if told else "✗ withheld" for told in full["class"].notna()]


def _domains(answer: "Analysis") -> str:
    return ", ".join(NETWORK_TITLES[kind].lower() for kind, inside in answer.in_domain.items() if inside) or "⚠ none"


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
