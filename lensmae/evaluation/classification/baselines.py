"""What stands beside a classifier's figures: simple models on the same lenses, so that a number can be compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.evaluation.embeddings.embed import embed_dataset
from lensmae.models.predictors import LoadedModel
from lensmae.models.whitening import pca_solver

# Of log(1 + flux); more components did not help a logistic regression on Model II.
_PIXEL_COMPONENTS = 400
# Embedding costs a forward pass a lens, pixels nothing.
_PROBE_LENSES, _PIXEL_LENSES = 3000, 20_000


@dataclass(frozen=True)
class Baseline:
    """A simple model's answers.

    Attributes:
        probabilities: (N, K) float64, in the data set's order of classes; 0 for a class without training lenses.
        training_lenses: how many it was fitted to.
        facts: what else tells it from others.
    """

    probabilities: np.ndarray
    training_lenses: int
    facts: dict[str, Any]


def linear_probe(
    dataset: LensDataset, rows: np.ndarray, encoder: LoadedModel, seed: int = 0, *, fitted_on: LensDataset | None = None
) -> Baseline:
    """A logistic regression on the mean-pooled tokens of a frozen encoder, fitted to 3,000 lenses of a training split at most,
    asked for `rows`. Arguments as `classification_baselines`.

    Args:
        dataset: the data set.
        rows: (N,) int, lenses to classify.
        encoder: the frozen network.
        seed: of the lenses it is fitted to.
        fitted_on: whose training split it is fitted to; `dataset` where None.
    """
    fitted, train = _training_lenses(dataset, fitted_on, seed, _PROBE_LENSES)
    embedded = [embed_dataset(encoder, fitted, train), embed_dataset(encoder, dataset, rows)]
    return _regression([], *embedded, fitted, train, {"encoder": encoder.name})


def pixel_regression(dataset: LensDataset, rows: np.ndarray, seed: int = 0, *, fitted_on: LensDataset | None = None) -> Baseline:
    """The same on the first 400 principal components of log(1 + flux), fitted to 20,000 lenses at most.

    Args:
        dataset: the data set.
        rows: (N,) int, lenses to classify.
        seed: of the lenses it is fitted to.
        fitted_on: whose training split it is fitted to; `dataset` where None.
    """
    fitted, train = _training_lenses(dataset, fitted_on, seed, _PIXEL_LENSES)
    logs = [_logs(fitted, train), _logs(dataset, rows)]
    reduction = _reduction(*logs[0].shape)
    return _regression([reduction], *logs, fitted, train, {"components": reduction.n_components})


def classification_baselines(
    dataset: LensDataset, rows: np.ndarray, encoder: LoadedModel, seed: int = 0, *, fitted_on: LensDataset | None = None
) -> dict[str, Any]:
    """Macro AUC and accuracy on `rows` of `linear_probe` and `pixel_regression`, and how many training lenses each had.

    Args:
        dataset: what is measured.
        rows: lenses to measure on.
        encoder: a frozen pretrained network.
        seed: of the choice of training lenses.
        fitted_on: set with the training split, of the same classes; `dataset` itself where None.
    """
    found = {
        "linear_probe": linear_probe(dataset, rows, encoder, seed, fitted_on=fitted_on),
        "pixels": pixel_regression(dataset, rows, seed, fitted_on=fitted_on),
    }
    return {name: _figures(baseline, dataset.labels[rows]) for name, baseline in found.items()}


def mass_regression(
    dataset: LensDataset, rows: np.ndarray, seed: int = 0, *, fitted_on: LensDataset | None = None
) -> tuple[np.ndarray, int] | None:
    """log10(axion mass / eV) of `rows`, (N,) float64, by a linear regression on the first 400 principal components of
    log(1 + flux), and how many axion lenses of the training split it was fitted to, 20,000 at most; None where there are none.

    Args:
        dataset: the data set.
        rows: (N,) int, lenses to measure.
        seed: of the lenses it is fitted to.
        fitted_on: whose training split it is fitted to; `dataset` where None.
    """
    fitted = fitted_on or dataset
    if "axion_mass_ev" not in fitted.lenses:
        return None
    truth = np.log10(fitted.lenses["axion_mass_ev"].to_numpy(dtype=np.float64, na_value=np.nan))
    train = np.random.default_rng(seed).permutation(fitted.indices("train"))
    train = np.sort(train[np.isfinite(truth[train])][:_PIXEL_LENSES])
    if len(train) < 2 or not len(rows):
        return None
    reduction = _reduction(len(train), int(np.prod(fitted.images.shape[1:])))
    model = make_pipeline(reduction, StandardScaler(), LinearRegression()).fit(_logs(fitted, train), truth[train])
    return model.predict(_logs(dataset, rows)), len(train)


def _reduction(lenses: int, pixels: int) -> PCA:
    components = min(_PIXEL_COMPONENTS, lenses - 1, pixels)
    return PCA(components, svd_solver=pca_solver(lenses, pixels), random_state=0)


def _figures(baseline: Baseline, labels: np.ndarray) -> dict[str, Any]:
    known = np.flatnonzero(baseline.probabilities.any(axis=0))
    auc = roc_auc_score(labels, baseline.probabilities[:, known], multi_class="ovr", average="macro", labels=known)
    accuracy = float((baseline.probabilities.argmax(axis=1) == labels).mean())
    return {"macro_auc": float(auc), "accuracy": accuracy, "training_lenses": baseline.training_lenses} | baseline.facts


def _training_lenses(dataset: LensDataset, fitted_on: LensDataset | None, seed: int, most: int) -> tuple[LensDataset, np.ndarray]:
    """The set to fit to, and rows of its training split."""
    fitted = fitted_on or dataset
    if fitted.info.classes != dataset.info.classes:
        raise DatasetError(f"Data sets {fitted.name} and {dataset.name} have different classes.")
    train = np.random.default_rng(seed).permutation(fitted.indices("train"))
    if len(np.unique(fitted.labels[train])) < 2:
        raise DatasetError(f"Data set {fitted.name} has no training split to fit baselines to.")
    return fitted, np.sort(train[:most])


def _logs(dataset: LensDataset, rows: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(dataset.images[rows], 0)).reshape(len(rows), -1)


def _regression(
    reduction: list[Any], train: np.ndarray, test: np.ndarray, dataset: LensDataset, rows: np.ndarray, facts: dict[str, Any]
) -> Baseline:
    """Fit to `train` (N, D), whose lenses are `rows`, and answer for `test` (M, D)."""
    model = make_pipeline(*reduction, StandardScaler(), LogisticRegression(max_iter=2000, C=1.0)).fit(train, dataset.labels[rows])
    probabilities = np.zeros((len(test), len(dataset.info.classes)))
    probabilities[:, model.classes_] = model.predict_proba(test)
    return Baseline(probabilities, len(rows), facts)
