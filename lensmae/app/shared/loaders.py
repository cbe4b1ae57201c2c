"""Cached loading and computing. Models are shared by all visitors and never changed; data sets are memory-mapped.

Caches are keyed by content: a checkpoint by its file's path, time and size, a data set by its fingerprint.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lensmae.app.shared.plain_text import plain
from lensmae.data import DatasetInfo, LensDataset, list_datasets, open_dataset
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.simulation.rows import lab_preset
from lensmae.errors import RecordError
from lensmae.shipped import CHECKPOINTS
from lensmae.workspace import read_json

if TYPE_CHECKING:
    from lensmae.evaluation import ClassificationReport
    from lensmae.evaluation.images.called import Called
    from lensmae.evaluation.reconstruction.frames import Frames
    from lensmae.evaluation.reconstruction.live import FrameQueue
    from lensmae.models import CheckpointEntry, Classifier, Reconstructor, SuperResolver


@dataclass(frozen=True)
class ModelKey:
    """What identifies the content of a checkpoint file."""

    path: str
    modified: int
    size: int


@dataclass(frozen=True)
class DataKey:
    """What identifies the content of a data set."""

    name: str
    fingerprint: str


def model_key(path: Path) -> ModelKey:
    """Key of a checkpoint file."""
    facts = path.stat()
    return ModelKey(str(path), facts.st_mtime_ns, facts.st_size)


def data_key(info: DatasetInfo) -> DataKey:
    """Key of a data set."""
    return DataKey(info.name, info.fingerprint)


def datasets(pairs: bool = False) -> list[DatasetInfo]:
    """Complete data sets of the workspace: single images, or LR/HR pairs."""
    return [info for info in list_datasets() if (info.target_shape is not None) == pairs]


def checkpoints(kind: str | None = None) -> "list[CheckpointEntry]":
    """Checkpoints of a kind, or of all; shipped ones first."""
    from lensmae.models import list_checkpoints

    return [entry for entry in list_checkpoints() if kind in (None, entry.card.kind)]


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(key: DataKey) -> LensDataset:
    return open_dataset(key.name)


def get_dataset(info: DatasetInfo) -> LensDataset:
    """An opened data set; a set made anew under the same name is opened anew."""
    return _dataset(data_key(info))


@st.cache_data(show_spinner=False)
def results() -> dict[str, Any]:
    """What `lensmae report` measured of the checkpoints that travel with LensMAE; empty where that record is missing."""
    path = CHECKPOINTS / "results.json"
    return read_json(path, RecordError) if path.is_file() else {}


def changed(info: DatasetInfo) -> str:
    """How many lenses of a mixed set are not as its preset describes them; empty for other sets."""
    lenses = get_dataset(info).lenses
    if "nuisance" not in lenses:
        return ""
    part = float((lenses["nuisance"] != "none").mean())
    return f"{part:.0%} of these lenses were then changed by a nuisance (noise, blur, …; “One lens” says which)"


def kind_of_set(info: DatasetInfo) -> str:
    """What a set holds, in half a sentence that stands behind its name; empty for imported sets."""
    if info.preset not in PRESETS:
        return ""
    return "; ".join(filter(None, (PRESETS[info.preset].title, changed(info).partition(" (")[0].replace("these", "its"))))


def flux_unit(info: DatasetInfo, index: int) -> str:
    """Unit of the pixels of a lens: in a mixture of presets, that of its own."""
    lenses = get_dataset(info).lenses
    if "stratum" not in lenses or lenses["stratum"].iloc[index] not in PRESETS:
        return info.flux_unit
    unit = PRESETS[lenses["stratum"].iloc[index]].flux_unit
    as_given = "nuisance" not in lenses or lenses["nuisance"].iloc[index] == "none"
    return unit if as_given else unit.removesuffix(", noise-free")


def mixes_units(info: DatasetInfo) -> bool:
    """Whether the lenses of a set are of several flux units, so that a gallery of them has no common scale."""
    return "stratum" in get_dataset(info).lenses


def can_open_in_lab(info: DatasetInfo, index: int) -> bool:
    """Whether the Lens lab can start from a lens of a data set: its parameters and its camera are known there."""
    return info.preset is not None and lab_preset(info.preset, get_dataset(info).lenses.iloc[index].to_dict()) is not None


def get_dataset_by_key(key: DataKey) -> LensDataset:
    """An opened data set by its key, for functions that are cached by it."""
    return _dataset(key)


@st.cache_resource(max_entries=8, show_spinner=False)
def _model(key: ModelKey) -> "Reconstructor | Classifier | SuperResolver":
    from lensmae.models import load_checkpoint

    return load_checkpoint(key.path)


def get_model(path: Path) -> "Reconstructor | Classifier | SuperResolver":
    """A loaded checkpoint; a file that changed is loaded anew."""
    return _model(model_key(path))


def get_model_by_key(key: ModelKey) -> "Reconstructor | Classifier | SuperResolver":
    """A loaded checkpoint by its key, for functions that are cached by it."""
    return _model(key)


def lens_image(info: DatasetInfo, row: int) -> np.ndarray:
    """One image, (H, W) float32 flux."""
    return np.array(get_dataset(info).images[row])


def network_set(info: DatasetInfo, path: Path) -> tuple[LensDataset, str | None]:
    """A data set with its images as a network is asked, and a sentence that says so where that changes them."""
    from lensmae.evaluation.ood.network_input import network_inputs

    return network_inputs(get_dataset(info), get_model(path))


def network_image(info: DatasetInfo, row: int, path: Path) -> np.ndarray:
    """One image as a network is asked, (S, S) float32 flux."""
    return _network_image(model_key(path), data_key(info), row, info)


@st.cache_data(max_entries=256, show_spinner=False)
def _network_image(model: ModelKey, data: DataKey, row: int, _info: DatasetInfo) -> np.ndarray:
    return np.array(network_set(_info, Path(model.path))[0].images[row])


def describe_lens(info: DatasetInfo, row: int) -> str:
    """Id, class and split of one lens, for Markdown."""
    return plain(lens_text(info, row))


def lens_text(info: DatasetInfo, row: int) -> str:
    """Id, class and split of one lens, as plain text."""
    facts = get_dataset(info).lenses.iloc[row]
    return f"{facts['id']} · {facts['class']} · {facts['split']} split"


@st.cache_resource(max_entries=8, show_spinner=False, on_release=lambda queue: queue.close())
def _frame_queue(key: ModelKey) -> "FrameQueue":
    from lensmae.evaluation.reconstruction.live import FrameQueue

    return FrameQueue(_model(key))


def live_frames(path: Path, image: np.ndarray, seed: int, strategy: str, index: int, slot: str = "first") -> "Frames":
    """An image under every mask ratio: that of an index in `RATIOS` at once, the others as the server finds time.

    Args:
        slot: which of a visitor's views asks. One that asks for other frames no longer waits for those before.
    """
    from lensmae.evaluation.reconstruction.live import Viewer

    queue = _frame_queue(model_key(path))
    viewer = st.session_state.setdefault(f"_viewer-{slot}", Viewer())
    return queue.want(queue.open(image, seed, strategy, viewer), index)


def whole_frames(path: Path, image: np.ndarray, seed: int, strategy: str) -> "Frames":
    """An image under every mask ratio; waits for all of them."""
    from lensmae.evaluation.reconstruction.live import Viewer

    queue, viewer = _frame_queue(model_key(path)), Viewer()
    return queue.whole(queue.open(image, seed, strategy, viewer))


def frames_complete(slots: tuple[str, ...]) -> bool:
    """Whether what a visitor's views look at is computed whole, or will never be."""
    looked_at = [viewer.frames for slot in slots if (viewer := st.session_state.get(f"_viewer-{slot}")) is not None]
    return all(frames is None or frames.complete or frames.problem is not None for frames in looked_at)


@st.cache_data(max_entries=32, show_spinner=False)
def _classification(
    model: ModelKey, reference: ModelKey | None, data: DataKey, split: str, limit: int | None
) -> "ClassificationReport":
    from lensmae.app.shared.widgets import progress_bar
    from lensmae.evaluation import evaluate_classifier

    with progress_bar("Classifying") as progress:
        return evaluate_classifier(_model(model), _dataset(data), split, limit=limit, progress=progress)


def classification(path: Path, info: DatasetInfo, split: str, limit: int | None) -> "ClassificationReport":
    """Report of a classifier on a split, computed once."""
    return _classification(model_key(path), _reference_key(path), data_key(info), split, limit)


def called(path: Path, info: DatasetInfo, rows: np.ndarray) -> "Called":
    """What a classifier answers to the given rows (N,), withheld out of its domain; computed once."""
    return _called(model_key(path), _reference_key(path), data_key(info), rows)


@st.cache_data(max_entries=16, show_spinner=False)
def _called(model: ModelKey, reference: ModelKey | None, data: DataKey, rows: np.ndarray) -> "Called":
    from lensmae.app.shared.widgets import progress_bar
    from lensmae.evaluation.images.called import call_lenses

    with progress_bar("Classifying") as progress:
        return call_lenses(_model(model), _dataset(data), rows, progress)


def _reference_key(path: Path) -> ModelKey | None:
    """Identity of the reference beside a checkpoint, whose temperature its answers have; None where there is none."""
    from lensmae.models.registry import reference_path

    there = reference_path(path)
    return model_key(there) if there.is_file() else None
