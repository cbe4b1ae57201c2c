"""What the Super-resolution page computes, kept by content."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from lensmae.app.shared import loaders
from lensmae.data import DatasetInfo

if TYPE_CHECKING:
    from lensmae.evaluation import SuperResReport
    from lensmae.evaluation.superresolution.pairs import ResolvedPair


@st.cache_data(max_entries=32, show_spinner=False)
def pair(model: loaders.ModelKey, data: loaders.DataKey, row: int, whole: bool, _info: DatasetInfo) -> "ResolvedPair":
    """One pair, enlarged once; `whole` averages over the eight symmetries."""
    from lensmae.evaluation.superresolution.pairs import super_resolve_pair

    return super_resolve_pair(loaders.get_model(Path(model.path)), loaders.get_dataset(_info), row, whole)


def report(path: Path, info: DatasetInfo, split: str, limit: int | None, whole: bool) -> "SuperResReport":
    """Report of a super-resolver on a split, computed once."""
    return _report(loaders.model_key(path), loaders.data_key(info), split, limit, whole, info)


@st.cache_data(max_entries=32, show_spinner=False)
def _report(
    model: loaders.ModelKey, data: loaders.DataKey, split: str, limit: int | None, whole: bool, _info: DatasetInfo
) -> "SuperResReport":
    from lensmae.app.shared.widgets import progress_bar
    from lensmae.evaluation import evaluate_superres

    with progress_bar("Super-resolving") as progress:
        network, dataset = loaders.get_model(Path(model.path)), loaders.get_dataset(_info)
        return evaluate_superres(network, dataset, split, limit=limit, d4=whole, progress=progress)
