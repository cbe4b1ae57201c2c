"""Logistic regression on the features of a frozen encoder, as strong as cross-validation asks."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FOLDS = 3
_STRENGTHS = (0.1, 1.0, 10.0, 100.0)


def fit_linear_probe(features: np.ndarray, labels: np.ndarray) -> "Pipeline":
    """A standardisation and a logistic regression, fitted.

    What separates the classes in the features of an MAE is small beside what does not, so the strength of the regularisation
    matters: it is chosen among four by the likelihood of folds that were not fitted.

    Args:
        features: (N, D).
        labels: (N,), of each class at least `FOLDS`; with fewer the regularisation stays at scikit-learn's own.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    if np.unique(labels, return_counts=True)[1].min() < FOLDS:
        return pipeline.fit(features, labels)
    search = GridSearchCV(pipeline, {"logisticregression__C": _STRENGTHS}, cv=FOLDS, scoring="neg_log_loss")
    return search.fit(features, labels).best_estimator_
