"""The references of the chosen checkpoints: from the file beside them, else measured here on the chosen data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.shared import loaders
from lensmae.app.shared.choices import NETWORK_TITLES, Choice
from lensmae.app.shared.loaders import ModelKey
from lensmae.app.shared.widgets import progress_bar
from lensmae.data import DatasetInfo
from lensmae.errors import CheckpointError, LensMAEError
from lensmae.workspace import read_only, workspace

if TYPE_CHECKING:
    from lensmae.evaluation.images.analyse import Networks
    from lensmae.evaluation.images.classified import Classified
    from lensmae.evaluation.ood.references import Reference

# So many that a visitor does not wait for minutes; `lensmae fit-ood` measures more.
_REFERENCE, _HELD_OUT = 400, 150


@dataclass(frozen=True)
class Asked:
    """The chosen networks with their references, and what identifies both.

    Attributes:
        notes: for which network nothing is known, and why.
    """

    networks: "Networks"
    identity: tuple
    notes: tuple[str, ...]


def ask(choice: Choice) -> Asked:
    """Load the chosen checkpoints and their references; a reference that is missing is measured, with progress."""
    from lensmae.evaluation.images.analyse import Networks
    from lensmae.evaluation.images.automatic import specialist_of

    found, notes = {}, []
    for kind, entry in choice.checkpoints.items():
        try:
            found[kind] = beside(entry.path)
        except CheckpointError as problem:
            notes.append(f"{problem} Until then it is measured on the chosen data set.")
        try:
            found[kind] = found.get(kind) or _measured(choice, kind)
        except LensMAEError as problem:
            notes.append(f"{entry.name} has no reference for what is in its domain: {problem}")
    loaded = {kind: loaders.get_model(entry.path) for kind, entry in choice.checkpoints.items()}
    special = specialist_of(choice.checkpoints["classifier"].name) if "classifier" in choice.checkpoints else None
    if special is not None and (reference := _beside_or_none(special.path, notes)) is not None:
        loaded["specialist"], found["specialist"] = loaders.get_model(special.path), reference
    known = {kind: reference for kind, reference in found.items() if reference is not None}
    keys = tuple(loaders.model_key(entry.path) for entry in choice.checkpoints.values())
    identity = (keys, tuple((kind, one.card.sha256, one.card.fingerprint, len(one.rows)) for kind, one in known.items()))
    return Asked(Networks(**loaded, references=known), identity, tuple(notes))


def _beside_or_none(checkpoint: Path, notes: list[str]) -> "Reference | None":
    try:
        return beside(checkpoint)
    except CheckpointError as problem:
        notes.append(str(problem))
        return None


def beside(checkpoint: Path) -> "Reference | None":
    """The reference beside a checkpoint file, None where there is none; `CheckpointError` where it is of other weights."""
    from lensmae.models.registry import reference_path

    path = reference_path(checkpoint)
    return _read(loaders.model_key(path), loaders.model_key(checkpoint)) if path.is_file() else None


def classified(checkpoint: Path, info: DatasetInfo, row: int) -> "Classified":
    """What a classifier says of one lens of a data set; withheld out of its domain, computed once.

    Where nothing is known of the domain, or only of other weights', nothing is withheld.
    """
    from lensmae.evaluation.images.called import was_resized
    from lensmae.models.registry import reference_path

    path = reference_path(checkpoint)
    image, brought = loaders.network_image(info, row, checkpoint), loaders.network_set(info, checkpoint)[0]
    known = loaders.model_key(path) if path.is_file() else None
    return _classified(loaders.model_key(checkpoint), known, image, was_resized(loaders.get_dataset(info), brought))


@st.cache_data(max_entries=64, show_spinner=False)
def _classified(model: ModelKey, reference: ModelKey | None, image: np.ndarray, resized: bool) -> "Classified":
    from lensmae.evaluation.images.classified import classify

    try:
        known = None if reference is None else _read(reference, model)
    except CheckpointError:
        known = None
    return classify(loaders.get_model_by_key(model), known, image[None], np.array([resized]))[0]


def _measured(choice: Choice, kind: str) -> "Reference":
    from lensmae.evaluation.ood.references import content_digest

    entry = choice.checkpoints[kind]
    data = choice.pairs if kind == "superres" else choice.data
    if data is None:
        raise LensMAEError(f"there is no data set to measure it on; `lensmae fit-ood {entry.name} DATA` does it.")
    if st.session_state.get("_skip_calibration"):
        raise LensMAEError("measuring it was skipped; reload the page to have it measured.")
    kept = workspace() / "cache" / "references" / f"{content_digest(entry.path)}-{data.fingerprint}.safetensors"
    if not kept.is_file():
        _measure(choice, kind, data, kept)
    return _read(loaders.model_key(kept), loaders.model_key(entry.path))


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(reference: ModelKey, model: ModelKey) -> "Reference":
    from lensmae.evaluation.ood.references import own_reference

    return own_reference(Path(reference.path), Path(model.path))


def _measure(choice: Choice, kind: str, data: DatasetInfo, kept: Path) -> None:
    from lensmae.evaluation.ood.fit_reference import fit_reference
    from lensmae.evaluation.ood.references import save_reference

    if read_only():
        raise LensMAEError("this dashboard is read-only and measures nothing.")
    slot = st.empty()
    label = f"Fitting on {data.name} what is in domain for the {NETWORK_TITLES[kind].lower()}"
    with slot.container(), progress_bar(label) as progress:
        st.button("Skip", key=f"skip-{kind}", on_click=_skip, help="Answer without a check whether an image is in domain.")
        model, dataset = loaders.get_model(choice.checkpoints[kind].path), loaders.get_dataset(data)
        save_reference(kept, fit_reference(model, dataset, _REFERENCE, _HELD_OUT, progress=progress))
    slot.empty()


def _skip() -> None:
    st.session_state["_skip_calibration"] = True
