"""What the points of a projection can be coloured by: facts of the lenses, and what networks say of them."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.embeddings.view_data import EmbeddingsView, embeddings_ready, rows_of
from lensmae.app.shared import loaders
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.widgets import progress_bar
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation.embeddings.embed import reconstruction_errors
from lensmae.evaluation.embeddings.projections import Projection
from lensmae.evaluation.facts import Fact, fact, fact_names

if TYPE_CHECKING:
    from lensmae.evaluation.images.called import Called
    from lensmae.models import CheckpointEntry

# Before the name of a second classifier.
_TWO = "predicted class, beside "
PREDICTION, CORRECT, CONFIDENCE, ERROR = "predicted class", "prediction correct", "confidence", "reconstruction error"


def colour_names(choice: Choice, view: EmbeddingsView) -> list[str]:
    """What points can be coloured by; the class first."""
    names = _fact_names(loaders.data_key(view.data))
    measured = [PREDICTION, CORRECT, CONFIDENCE] if "classifier" in choice.checkpoints else []
    measured += [ERROR] if "mae" in choice.checkpoints else []
    measured += [f"{_TWO}{entry.name}" for entry in classifiers(choice)[1:]]
    return ["class", *measured, *(name for name in names if name != "class")]


def classifiers(choice: Choice) -> "list[CheckpointEntry]":
    """The chosen classifier, then the others of the same classes; none where there is none."""
    own = choice.checkpoints.get("classifier")
    if own is None:
        return []
    found = [entry for entry in loaders.checkpoints("classifier") if entry.name != own.name]
    return [own, *(entry for entry in found if set(entry.card.classes) == set(own.card.classes))]


@st.cache_data(max_entries=16, show_spinner=False)
def _fact_names(data: loaders.DataKey) -> list[str]:
    return fact_names(loaders.get_dataset_by_key(data).lenses)


def colour(choice: Choice, view: EmbeddingsView, name: str) -> Fact | None:
    """One value a lens of the view, (N,); None while it is being computed, which is then drawn."""
    # Columns before rows: a copy of all columns of 90,000 lenses would cost every click.
    lenses = view.dataset.lenses
    classes = lenses["class"].to_numpy(dtype=str)[view.rows]
    if name == ERROR:
        judge = EmbeddingsView(choice.checkpoint("mae"), view.data, view.split, view.limit, None, "mean", Projection("pca"))
        if not embeddings_ready(judge, "errors"):
            return None
        return Fact("log10 of the reconstruction MSE", values=np.log10(_errors(judge)))
    if name.startswith(_TWO):
        second = next(entry for entry in classifiers(choice)[1:] if entry.name == name.removeprefix(_TWO))
        return _two_labels(view, choice.checkpoint("classifier"), second)
    if name not in (PREDICTION, CORRECT, CONFIDENCE):
        return Fact(name, names=classes) if name == "class" else fact(lenses.iloc[view.rows], name)
    called = _called(view, choice.checkpoint("classifier"))
    if called is None:
        return None
    if name == CONFIDENCE:
        return Fact("largest softmax probability", values=called.answered.max(axis=1))
    if name == PREDICTION:
        return Fact(f"predicted by {choice.checkpoint('classifier').name}", names=called.names)
    right = np.where(called.names == classes, "correct", "wrong")
    return Fact("prediction", names=np.where(called.withheld, CANNOT_TELL, right))


def _called(view: EmbeddingsView, entry: "CheckpointEntry") -> "Called | None":
    """What a classifier answers to the lenses of the view; None while that is computed, which is then drawn."""
    asked = EmbeddingsView(entry, view.data, view.split, view.limit, None, "mean", Projection("pca"))
    return loaders.called(entry.path, view.data, view.rows) if embeddings_ready(asked, "call") else None


def _two_labels(view: EmbeddingsView, first: "CheckpointEntry", second: "CheckpointEntry") -> Fact | None:
    """What two classifiers call each lens: one name where they agree, else both."""
    found = [_called(view, entry) for entry in (first, second)]
    if any(called is None for called in found):
        return None
    own, other = (called.names for called in found)
    names = np.where(own == other, np.char.add("both ", own), np.char.add(np.char.add(own, " · "), other))
    return Fact(f"predicted by {first.name} · {second.name}", names=names)


def _errors(view: EmbeddingsView) -> np.ndarray:
    return _reconstruction_errors(loaders.model_key(view.entry.path), loaders.data_key(view.data), view.split, view.limit)


@st.cache_resource(max_entries=8, show_spinner=False)
def _reconstruction_errors(model: loaders.ModelKey, data: loaders.DataKey, split: str, limit: int | None) -> np.ndarray:
    with progress_bar("Measuring reconstruction errors") as progress:
        rows = rows_of(data, split, limit)
        return reconstruction_errors(loaders.get_model_by_key(model), loaders.get_dataset_by_key(data), rows, progress)
