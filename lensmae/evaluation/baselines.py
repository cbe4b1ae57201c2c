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

_PIXEL_COMPONENTS = 100


def classification_baselines(
    dataset: LensDataset, rows: np.ndarray, encoder: LoadedModel, train_lenses: int = 3000, seed: int = 0
) -> dict[str, Any]:
    """Macro AUC and accuracy on `rows` of two logistic regressions, both fitted to lenses of the training split.

    Args:
        dataset: with a training split.
        rows: lenses to measure on.
        encoder: a frozen pretrained network; its mean-pooled tokens are the features of "linear_probe". The other regression,
            "pixels", reads the first 100 principal components of log(1 + flux).
        train_lenses: how many training lenses are used at most.
        seed: of their choice.
    """
    train = np.random.default_rng(seed).permutation(dataset.indices("train"))[:train_lenses]
    if len(np.unique(dataset.labels[train])) < 2:
        raise DatasetError(f"Data set {dataset.name} has no training split to fit baselines to.")
    train = np.sort(train)
    features = {
        "linear_probe": [embed_dataset(encoder, dataset, part) for part in (train, rows)],
        "pixels": [np.log1p(np.maximum(dataset.images[part], 0)).reshape(len(part), -1) for part in (train, rows)],
    }
    fitted = {name: _regression(*parts, dataset.labels[train], dataset.labels[rows]) for name, parts in features.items()}
    return {**fitted, "encoder": encoder.name, "training_lenses": len(train)}


def _regression(train: np.ndarray, test: np.ndarray, train_labels: np.ndarray, test_labels: np.ndarray) -> dict[str, float]:
    reduction = [PCA(_PIXEL_COMPONENTS, random_state=0)] if train.shape[1] > 1024 and len(train) > _PIXEL_COMPONENTS else []
    model = make_pipeline(*reduction, StandardScaler(), LogisticRegression(max_iter=2000, C=1.0)).fit(train, train_labels)
    probabilities = model.predict_proba(test)
    auc = roc_auc_score(test_labels, probabilities, multi_class="ovr", average="macro", labels=model.classes_)
    return {"macro_auc": float(auc), "accuracy": float((model.predict(test) == test_labels).mean())}
