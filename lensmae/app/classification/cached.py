"""What the Classification page computes, kept by content."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.shared import loaders
from lensmae.data import DatasetInfo

if TYPE_CHECKING:
    from lensmae.evaluation import ClassificationReport
    from lensmae.evaluation.classification.axion_mass import MassReport
    from lensmae.evaluation.classification.bootstrap import Bands
    from lensmae.evaluation.classification.saliency import Attribution

RESAMPLES = 1000
BASELINES = {"pixels": "Logistic regression on pixels", "probe": "Linear probe of the MAE"}


@st.cache_data(max_entries=32, show_spinner="Drawing 1,000 bootstrap samples …")
def bands(labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...]) -> "Bands":
    """95 % bands of all curves of a report, computed once."""
    from lensmae.evaluation.classification.bootstrap import bootstrap_bands

    return bootstrap_bands(labels, probabilities, classes, RESAMPLES)


@st.cache_data(max_entries=32, show_spinner=False)
def parameters(data: loaders.DataKey, rows: np.ndarray, _info: DatasetInfo) -> dict[str, np.ndarray]:
    """Physical parameters of lenses, read once."""
    from lensmae.evaluation.classification.binned_auc import physical_parameters

    return physical_parameters(loaders.get_dataset(_info), rows)


@st.cache_data(max_entries=16, show_spinner="Predicting axion masses …")
def masses(model: loaders.ModelKey, data: loaders.DataKey, rows: np.ndarray, _info: DatasetInfo) -> "MassReport":
    """Axion masses of lenses, predicted once."""
    from lensmae.evaluation.classification.axion_mass import evaluate_masses

    return evaluate_masses(loaders.get_model(Path(model.path)), loaders.get_dataset(_info), rows)


@st.cache_data(max_entries=16, show_spinner="Fitting a logistic regression to the training split …")
def baseline(
    name: str, encoder: loaders.ModelKey | None, data: loaders.DataKey, rows: np.ndarray, _info: DatasetInfo
) -> np.ndarray:
    """Probabilities (N, K) of a simple model of `BASELINES`, fitted once."""
    from lensmae.evaluation.classification.baselines import linear_probe, pixel_regression

    dataset = loaders.get_dataset(_info)
    if name == "pixels" or encoder is None:
        return pixel_regression(dataset, rows).probabilities
    return linear_probe(dataset, rows, loaders.get_model(Path(encoder.path))).probabilities


@st.cache_data(max_entries=64, show_spinner=False)
def network_input(model: loaders.ModelKey, image: np.ndarray) -> tuple[np.ndarray, str] | None:
    """What a classifier looks at instead of one lens, computed once."""
    from lensmae.evaluation.classification.saliency import network_input as compute

    return compute(loaders.get_model(Path(model.path)), image)


@st.cache_data(max_entries=64, show_spinner=False)
def rollout(model: loaders.ModelKey, image: np.ndarray) -> np.ndarray:
    """Attention rollout of one lens, computed once."""
    from lensmae.evaluation.classification.saliency import attention_rollout

    return attention_rollout(loaders.get_model(Path(model.path)), image)


@st.cache_data(max_entries=64, show_spinner="Following the gradient …")
def gradients(model: loaders.ModelKey, image: np.ndarray, class_index: int) -> "Attribution":
    """Integrated gradients of one lens and class, computed once."""
    from lensmae.evaluation.classification.saliency import integrated_gradients

    return integrated_gradients(loaders.get_model(Path(model.path)), image, class_index)


@st.cache_data(max_entries=64, show_spinner=False)
def occluded(model: loaders.ModelKey, image: np.ndarray, class_index: int) -> np.ndarray:
    """Occlusion map of one lens and class, computed once."""
    from lensmae.app.shared.widgets import progress_bar
    from lensmae.evaluation.classification.saliency import occlusion

    with progress_bar("Smoothing windows away") as progress:
        return occlusion(loaders.get_model(Path(model.path)), image, class_index, progress=progress)


def temperature(path: Path, info: DatasetInfo, limit: int | None) -> tuple[float, int] | None:
    """Temperature fitted to the validation split and the number of its lenses; None where the set has no such lenses."""
    from lensmae.evaluation.classification.calibration import fit_temperature

    if not info.splits["validation"]:
        return None
    report = loaders.classification(path, info, "validation", limit)
    return fit_temperature(report.probabilities, report.labels), len(report.labels)


def in_order(report: "ClassificationReport", classes: tuple[str, ...]) -> np.ndarray:
    """Probabilities of a report with its columns in another order of the same classes."""
    return report.probabilities[:, [report.classes.index(name) for name in classes]]
