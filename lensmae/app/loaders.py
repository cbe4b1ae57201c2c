"""Cached loading: models are shared by all visitors and never changed; data sets are memory-mapped."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.data import DatasetInfo, LensDataset, list_datasets, open_dataset

if TYPE_CHECKING:
    from lensmae.evaluation import ClassificationReport, SuperResReport
    from lensmae.models import CheckpointEntry, Classifier, Reconstructor, SuperResolver


def datasets(pairs: bool = False) -> list[DatasetInfo]:
    """Complete data sets of the workspace: single images, or LR/HR pairs."""
    return [info for info in list_datasets() if (info.target_shape is not None) == pairs]


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(name: str, fingerprint: str) -> LensDataset:
    return open_dataset(name)


def get_dataset(info: DatasetInfo) -> LensDataset:
    """An opened data set; a set made anew under the same name is opened anew."""
    return _dataset(info.name, info.fingerprint)


def checkpoints(kind: str) -> "list[CheckpointEntry]":
    """Checkpoints of a kind, shipped ones first."""
    from lensmae.models import list_checkpoints

    return [entry for entry in list_checkpoints() if entry.card.kind == kind]


@st.cache_resource(max_entries=12, show_spinner="Loading the network …")
def _model(path: str, stamp: int) -> "Reconstructor | Classifier | SuperResolver":
    from lensmae.models import load_checkpoint

    return load_checkpoint(path)


def get_model(path: Path) -> "Reconstructor | Classifier | SuperResolver":
    """A loaded checkpoint; a file that changed is loaded anew."""
    return _model(str(path), path.stat().st_mtime_ns)


def model_key(path: Path) -> str:
    """What identifies a checkpoint's content for caches."""
    return f"{path}:{path.stat().st_mtime_ns}"


@st.cache_data(max_entries=32, show_spinner=False)
def _classification(path: str, stamp: str, name: str, fingerprint: str, split: str, limit: int | None) -> "ClassificationReport":
    from lensmae.app.widgets import progress_bar
    from lensmae.evaluation import evaluate_classifier

    with progress_bar("Classifying") as progress:
        return evaluate_classifier(get_model(Path(path)), _dataset(name, fingerprint), split, limit=limit, progress=progress)


def classification(path: Path, info: DatasetInfo, split: str, limit: int | None) -> "ClassificationReport":
    """Report of a classifier on a split, computed once."""
    return _classification(str(path), model_key(path), info.name, info.fingerprint, split, limit)


@st.cache_data(max_entries=32, show_spinner=False)
def _superres(path: str, stamp: str, name: str, fingerprint: str, split: str, limit: int | None) -> "SuperResReport":
    from lensmae.app.widgets import progress_bar
    from lensmae.evaluation import evaluate_superres

    with progress_bar("Super-resolving") as progress:
        return evaluate_superres(get_model(Path(path)), _dataset(name, fingerprint), split, limit=limit, progress=progress)


def superres(path: Path, info: DatasetInfo, split: str, limit: int | None) -> "SuperResReport":
    """Report of a super-resolver on a split, computed once."""
    return _superres(str(path), model_key(path), info.name, info.fingerprint, split, limit)


@st.cache_data(max_entries=16, show_spinner=False)
def _plane(path: str, stamp: str, name: str, fingerprint: str, rows: tuple[int, ...], method: str) -> np.ndarray:
    from lensmae.app.widgets import progress_bar
    from lensmae.evaluation import embed_dataset, project

    with progress_bar("Embedding") as progress:
        embeddings = embed_dataset(get_model(Path(path)), _dataset(name, fingerprint), np.array(rows), progress)
    with st.spinner(f"Projecting {len(rows)} lenses with {method.upper()} …"):
        return project(embeddings, method)


def plane(path: Path, info: DatasetInfo, rows: np.ndarray, method: str) -> np.ndarray:
    """Embeddings of the given rows in a plane, (N, 2), computed once."""
    return _plane(str(path), model_key(path), info.name, info.fingerprint, tuple(int(row) for row in rows), method)
