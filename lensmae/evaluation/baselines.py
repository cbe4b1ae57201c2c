"""What stands beside a classifier's figures: simple models on the same lenses, so that a number can be compared."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.evaluation.embeddings import embed_dataset
from lensmae.models.predictors import LoadedModel

# Of log(1 + flux); more components did not help a logistic regression on Model II.
_PIXEL_COMPONENTS = 400
# Embedding costs a forward pass a lens, pixels nothing.
_PROBE_LENSES, _PIXEL_LENSES = 3000, 20_000


def classification_baselines(
    dataset: LensDataset, rows: np.ndarray, encoder: LoadedModel, seed: int = 0, *, fitted_on: LensDataset | None = None
) -> dict[str, Any]:
    """Macro AUC and accuracy on `rows` of two logistic regressions, both fitted to lenses of a training split.

    "linear_probe" reads the mean-pooled tokens of the frozen encoder, "pixels" the first 400 principal components of
    log(1 + flux). Each says how many training lenses it had.

    Args:
        dataset: what is measured.
        rows: lenses to measure on.
        encoder: a frozen pretrained network.
        seed: of the choice of training lenses.
        fitted_on: set with the training split, of the same classes; `dataset` itself where None.
    """
    fitted = fitted_on or dataset
    if fitted.info.classes != dataset.info.classes:
        raise DatasetError(f"Data sets {fitted.name} and {dataset.name} have different classes.")
    train = np.random.default_rng(seed).permutation(fitted.indices("train"))
    if len(np.unique(fitted.labels[train])) < 2:
        raise DatasetError(f"Data set {fitted.name} has no training split to fit baselines to.")
    probe, pixels = np.sort(train[:_PROBE_LENSES]), np.sort(train[:_PIXEL_LENSES])
    embedded = [embed_dataset(encoder, fitted, probe), embed_dataset(encoder, dataset, rows)]
    logs = [_logs(fitted, pixels), _logs(dataset, rows)]
    components = min(_PIXEL_COMPONENTS, len(pixels) - 1, logs[0].shape[1])
    # Of many lenses the covariance is the smaller matrix.
    solver = "covariance_eigh" if len(pixels) > logs[0].shape[1] else "full"
    reduction = [PCA(components, svd_solver=solver)]
    known, wanted = fitted.labels, dataset.labels[rows]
    return {
        "linear_probe": _regression([], *embedded, known[probe], wanted) | {"encoder": encoder.name},
        "pixels": _regression(reduction, *logs, known[pixels], wanted) | {"components": components},
    }


def _logs(dataset: LensDataset, rows: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(dataset.images[rows], 0)).reshape(len(rows), -1)


def _regression(
    reduction: list[Any], train: np.ndarray, test: np.ndarray, train_labels: np.ndarray, test_labels: np.ndarray
) -> dict[str, Any]:
    model = make_pipeline(*reduction, StandardScaler(), LogisticRegression(max_iter=2000, C=1.0)).fit(train, train_labels)
    probabilities = model.predict_proba(test)
    auc = roc_auc_score(test_labels, probabilities, multi_class="ovr", average="macro", labels=model.classes_)
    accuracy = float((model.predict(test) == test_labels).mean())
    return {"macro_auc": float(auc), "accuracy": accuracy, "training_lenses": len(train)}
