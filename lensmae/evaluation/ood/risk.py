"""How probable it is that an answer is wrong, from its measures; and how well a measure tells failures."""

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lensmae.evaluation.ood.quality import Quality

# Of a measure; keeps logarithms finite.
_TINY = 1e-12
_LEAST_FAILURES = 12
_FOLDS = 5


class Risk(BaseModel):
    """A logistic regression of "the answer is wrong" on logarithms of measures.

    Attributes:
        measures: their names.
        centre, scale: of their logarithms, (M,) each.
        weights: (M,) of the standardised logarithms.
        intercept: log odds where all are at their centre.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float = Field(allow_inf_nan=False)

    def of(self, measures: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probability (B,) that answers with these measures are wrong."""
        standard = (_logarithms(measures, self.measures) - np.array(self.centre)) / np.array(self.scale)
        return 1.0 / (1.0 + np.exp(-(standard @ np.array(self.weights) + self.intercept)))


def _logarithms(measures: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """(B, M). Energies are logarithms already, and of either sign."""
    columns = [measures[name] if name == "energy" else np.log(np.maximum(measures[name], _TINY)) for name in names]
    return np.stack(columns, axis=1).astype(np.float64)


def fit_risk(measures: Mapping[str, np.ndarray], wrong: np.ndarray, groups: np.ndarray) -> tuple[Risk, np.ndarray] | None:
    """The regression, and its probabilities (N,) for lenses that it was not fitted to; None where too few answers are wrong.

    Args:
        measures: by name, (N,) each.
        wrong: (N,) bool.
        groups: (N,) the lens of each answer: one lens under several nuisances is never on both sides.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict

    if min(wrong.sum(), (~wrong).sum()) < _LEAST_FAILURES:
        return None
    names = tuple(measures)
    raw = _logarithms(measures, names)
    centre, scale = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)
    standard = (raw - centre) / scale
    regression = LogisticRegression(max_iter=2000)
    held_out = cross_val_predict(regression, standard, wrong, groups=groups, cv=GroupKFold(_FOLDS), method="predict_proba")[:, 1]
    fitted = regression.fit(standard, wrong)
    weights = tuple(fitted.coef_[0].tolist())
    risk = Risk(measures=names, centre=tuple(centre), scale=tuple(scale), weights=weights, intercept=float(fitted.intercept_[0]))
    return risk, held_out


class Foreign(BaseModel):
    """A logistic regression that tells images in a network's domain from others by their embedding and quality: outlier exposure
    (Hendrycks et al. 2019, arXiv:1812.04606).

    Attributes:
        centre: of the features, (F,); in files of earlier versions of the embeddings alone.
        weights: (F,) of the features less their centre.
        intercept: log odds of being foreign at the centre.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    centre: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float = Field(allow_inf_nan=False)

    def of(self, embeddings: np.ndarray, quality: Quality) -> np.ndarray:
        """Log odds (B,) that images with these embeddings (B, D) are foreign, from 1 on up: their softplus + 1, so that quotients
        mean something."""
        alone = len(self.centre) == embeddings.shape[1]
        features = embeddings.astype(np.float64) if alone else foreign_features(embeddings, quality)
        odds = (features - np.array(self.centre)) @ np.array(self.weights) + self.intercept
        return 1.0 + np.logaddexp(0.0, odds)


def foreign_features(embeddings: np.ndarray, quality: Quality) -> np.ndarray:
    """(B, 2 D + 9): embeddings (B, D) and their roots; the logarithms of both noises and the width, and products of two of
    them."""
    wide = embeddings.astype(np.float64)
    looks = np.stack([np.log10(quality.noise), np.log10(quality.bright_noise), quality.width], axis=1)
    first, second = np.triu_indices(looks.shape[1])
    return np.concatenate([wide, np.sign(wide) * np.sqrt(np.abs(wide)), looks, looks[:, first] * looks[:, second]], axis=1)


def fit_foreign(
    embeddings: np.ndarray, quality: Quality, foreign: np.ndarray, groups: np.ndarray
) -> tuple[Foreign, np.ndarray] | None:
    """The regression, and its values (N,) for lenses that it was not fitted to; None where no image is foreign.

    Args:
        embeddings: (N, D).
        quality: of the N images.
        foreign: (N,) bool.
        groups: (N,) the lens of each image.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict

    if min(foreign.sum(), (~foreign).sum()) < _LEAST_FAILURES:
        return None
    features = foreign_features(embeddings, quality)
    centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    regression = LogisticRegression(C=0.3, max_iter=3000, class_weight="balanced")
    odds = cross_val_predict(
        regression, (features - centre) / scale, foreign, groups=groups, cv=GroupKFold(_FOLDS), method="decision_function"
    )
    fitted = regression.fit((features - centre) / scale, foreign)
    weights = tuple((fitted.coef_[0] / scale).tolist())
    return Foreign(centre=tuple(centre), weights=weights, intercept=float(fitted.intercept_[0])), 1.0 + np.logaddexp(0.0, odds)


def failure_auroc(score: np.ndarray, wrong: np.ndarray) -> float | None:
    """Area under the ROC curve of telling wrong answers (N,) bool by a score (N,); None where all are right, or all wrong."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(wrong, score)) if wrong.any() and not wrong.all() else None


def aurc(score: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the risk-coverage curve: the share of wrong answers among those of smallest score, mean over all coverages
    (Geifman & El-Yaniv 2017, arXiv:1705.08500). 0 is best."""
    ordered = wrong[np.argsort(score, kind="stable")]
    return float((np.cumsum(ordered) / np.arange(1, len(ordered) + 1)).mean())
