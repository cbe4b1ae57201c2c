"""What the Classification page computes, kept by content."""

from dataclasses import dataclass
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
def transformed_input(model: loaders.ModelKey, image: np.ndarray) -> tuple[np.ndarray, str] | None:
    """What a classifier looks at instead of one lens, computed once."""
    from lensmae.evaluation.classification.saliency import transformed_input as compute

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


@dataclass(frozen=True)
class Temperature:
    """A temperature fitted to a validation split.

    Attributes:
        value, low, high: that fits best, and the 95 % interval; 0 or infinity where nothing bounds it.
        lenses, errors: that it was fitted to, and how many of them are classified wrongly.
    """

    value: float
    low: float
    high: float
    lenses: int
    errors: int

    @property
    def known(self) -> bool:
        """Whether the lenses say what it is: with no error among them the surest answers fit best, whatever is true."""
        return self.errors > 0 and self.low > 0 and np.isfinite(self.high)


def temperature(path: Path, info: DatasetInfo, limit: int | None) -> Temperature | None:
    """Temperature fitted to the validation split; None where the set has no such lenses."""
    if not info.splits["validation"]:
        return None
    report = loaders.classification(path, info, "validation", limit)
    return _temperature(report.probabilities, report.labels)


@st.cache_data(max_entries=32, show_spinner=False)
def _temperature(probabilities: np.ndarray, labels: np.ndarray) -> Temperature:
    from lensmae.evaluation.classification.calibration import fit_temperature, temperature_interval

    errors = int((probabilities.argmax(axis=1) != labels).sum())
    interval = temperature_interval(probabilities, labels)
    return Temperature(fit_temperature(probabilities, labels), *interval, len(labels), errors)


def in_order(report: "ClassificationReport", classes: tuple[str, ...]) -> np.ndarray:
    """Probabilities of a report with its columns in another order of the same classes."""
    return report.probabilities[:, [report.classes.index(name) for name in classes]]
