"""Measure checkpoints under every nuisance: accuracy and AUC, masked error over inpainting's, dB over bicubic."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lensmae.data import LensDataset
from lensmae.data.store.dataset import select_rows
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.metrics import ece
from lensmae.evaluation.ood.domain import check_domain, trusted_views
from lensmae.evaluation.ood.network_input import check_images, network_inputs
from lensmae.evaluation.ood.references import Reference
from lensmae.evaluation.reconstruction.inpainting import error_ratios
from lensmae.evaluation.stress.conditions import Condition, class_indices, conditions, other_pairs, other_presets
from lensmae.evaluation.stress.intervals import bootstrap_interval, macro_auc, share_interval
from lensmae.evaluation.superresolution.preset_pairs import gains
from lensmae.models import Classifier, Reconstructor, SuperResolver
from lensmae.models.predictors import LoadedModel
from lensmae.progress import Progress

_BATCH = 32
# Condition, LR and HR images.
Pairs = list[tuple[Condition, np.ndarray, np.ndarray]]
# What HR shares with LR: where something stands, and in which unit. The others are done to LR alone.
_SHARED = ("gain", "min_max", "sky", "mirror", "rotation")
# Sub-pixel or seeing would ask a super-resolver for another HR image.
_NOT_OF_PAIRS = ("shift", "blur")
COLUMNS = (
    "checkpoint", "kind", "nuisance", "title", "unit", "strength", "label", "metric", "value", "low", "high", "n",
    "auc", "auc_low", "auc_high", "ece", "answered", "accuracy_answered", "worse",
)  # fmt: skip


@dataclass(frozen=True)
class StressTested:
    """A checkpoint with its reference, where it has one: then shares that are answered are measured too."""

    model: LoadedModel
    reference: Reference | None = None


def stress(
    tested: Sequence[StressTested],
    dataset: LensDataset,
    *,
    split: str = "test",
    limit: int = 100,
    nuisances: Sequence[str] = (),
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row a checkpoint and condition; columns `COLUMNS`.

    metric says what value, low and high are: "accuracy" with Wilson's 95 % interval; "error ratio", the masked error at mask
    ratio 0.75 over that of biharmonic inpainting (median of images); or "gain (dB)", PSNR over bicubic interpolation (mean): both
    with bootstrap intervals. auc is the macro AUC, answered the share of images whose class is not withheld, worse the share that
    inpainting or bicubic interpolation does better. nan is not measured.

    Args:
        dataset: of single lenses, or of LR/HR pairs for super-resolvers.
        split: of the set.
        tested: checkpoints of one kind or several; each kind needs a set that fits it.
        limit: images of the split under each condition, at most.
        nuisances: names in `NUISANCES`; all where empty.
        progress: called with (conditions done, conditions in all).

    Raises:
        DatasetError: where the images fit none of the checkpoints.
        ConfigError: for an unknown nuisance.
    """
    if not tested:
        raise ConfigError("Name at least one checkpoint to test.")
    rows, wanted = select_rows(dataset, split, limit), conditions(nuisances)
    seen = [np.asarray(_checked(one.model, dataset).images[rows]) for one in tested]
    labels = np.asarray(dataset.info.classes)[dataset.labels[rows]]
    # Networks of one size are shown the same lenses.
    sides = {one.shape[1] for one in seen}
    by_size = {side: [] if nuisances else other_presets(dataset.info.preset, limit, side) for side in sides}
    pairs = other_pairs(limit) if not nuisances and any(isinstance(one.model, SuperResolver) for one in tested) else []
    found, total = (
        [],
        sum(
            len(wanted) + len(by_size[images.shape[1]] if isinstance(one.model, Classifier) else _pairs_of(one, pairs))
            for one, images in zip(tested, seen, strict=True)
        ),
    )
    for one, images in zip(tested, seen, strict=True):
        for condition in wanted:
            if isinstance(one.model, SuperResolver):
                if condition.nuisance not in _NOT_OF_PAIRS:
                    found.append(_row(one, condition, _gain(one.model, condition, images, np.asarray(dataset.targets[rows]))))
            elif isinstance(one.model, Classifier):
                indices = np.array([one.model.classes.index(name) for name in labels])
                found.append(_row(one, condition, _accuracy(one, condition.apply(images), indices)))
            else:
                found.append(_row(one, condition, _error_ratio(one.model, condition.apply(images))))
            _tell(progress, len(found), total)
        for condition, low, high in _pairs_of(one, pairs):
            found.append(_row(one, condition, _gain(one.model, condition, low, high)))
            _tell(progress, len(found), total)
        if isinstance(one.model, Classifier):
            for condition, foreign, truth in by_size[images.shape[1]]:
                found.append(_row(one, condition, _accuracy(one, foreign, class_indices(one.model.classes, truth))))
                _tell(progress, len(found), total)
    return pd.DataFrame(found, columns=list(COLUMNS))


def _pairs_of(
    one: StressTested, pairs: list[tuple[Condition, np.ndarray, np.ndarray]]
) -> list[tuple[Condition, np.ndarray, np.ndarray]]:
    """Those of other presets that a network is tested on: they are twice as large in HR."""
    return pairs if isinstance(one.model, SuperResolver) and one.model.scale == 2 else []


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _checked(model: LoadedModel, dataset: LensDataset) -> LensDataset:
    """The set as the network is asked, where it can be tested on it."""
    if isinstance(model, SuperResolver):
        if dataset.targets is None:
            raise DatasetError(f"Data set {dataset.name} has no HR targets; {model.name} is tested on LR/HR pairs.")
        return dataset
    dataset, _ = network_inputs(dataset, model)
    check_images(model, dataset)
    missing = set(dataset.info.classes) - set(model.classes) if isinstance(model, Classifier) else set()
    if missing:
        raise DatasetError(f"Data set {dataset.name} has classes that {model.name} does not know: {', '.join(sorted(missing))}.")
    return dataset


def _row(one: StressTested, condition: Condition, measured: Mapping[str, float | str]) -> dict[str, float | str]:
    facts = {"checkpoint": one.model.name, "kind": one.model.card.kind, "nuisance": condition.nuisance, "title": condition.title}
    facts |= {"unit": condition.unit, "strength": condition.strength, "label": condition.label}
    return dict.fromkeys(COLUMNS, np.nan) | facts | dict(measured)


def _accuracy(one: StressTested, images: np.ndarray, labels: np.ndarray) -> dict[str, float | str]:
    model = one.model
    views = [trusted_views(model, one.reference, images[at : at + _BATCH]) for at in range(0, len(images), _BATCH)]
    probabilities = np.concatenate([view.probabilities for view in views])
    right = probabilities.argmax(axis=1) == labels

    low, high = share_interval(right)
    auc, auc_low, auc_high = macro_auc(labels, probabilities)
    found = {"metric": "accuracy", "value": float(right.mean()), "low": low, "high": high, "n": len(labels)}
    found |= {"auc": auc, "auc_low": auc_low, "auc_high": auc_high, "ece": ece(probabilities, labels)}
    if one.reference is not None:
        parts = zip(views, range(0, len(images), _BATCH), strict=True)
        checks = [
            check for view, at in parts for check in check_domain(model, one.reference, images[at : at + _BATCH], views=view)
        ]
        answered = np.array([check.in_domain for check in checks])
        found |= {
            "answered": float(answered.mean()),
            "accuracy_answered": float(right[answered].mean()) if answered.any() else np.nan,
        }
    return found


def _error_ratio(model: Reconstructor, images: np.ndarray) -> dict[str, float | str]:
    ratios = error_ratios(model, images)
    return _middle("error ratio", ratios, lambda values: float(np.median(values))) | {"worse": float((ratios > 1).mean())}


def _gain(model: SuperResolver, condition: Condition, low: np.ndarray, high: np.ndarray) -> dict[str, float | str]:
    images = condition.apply(low)
    truth = condition.apply(high) if condition.nuisance in _SHARED else high
    if condition.nuisance in ("gain", "min_max", "sky"):
        # One unit and one level for both, whatever the extremes of each.
        truth = _as_low(low, images, high)
    gain = gains(model, images, truth)
    return _middle("gain (dB)", gain, lambda values: float(np.mean(values))) | {"worse": float((gain < 0).mean())}


def _as_low(before: np.ndarray, after: np.ndarray, high: np.ndarray) -> np.ndarray:
    """HR under the straight line that took each LR image from `before` to `after`."""
    slope = np.ptp(after, axis=(1, 2), keepdims=True) / np.maximum(np.ptp(before, axis=(1, 2), keepdims=True), 1e-20)
    return after.min(axis=(1, 2), keepdims=True) + slope * (high - before.min(axis=(1, 2), keepdims=True))


def _middle(name: str, values: np.ndarray, statistic: Callable[[np.ndarray], float]) -> dict[str, float | str]:
    low, high = bootstrap_interval(len(values), lambda rows: statistic(values[rows]))
    return {"metric": name, "value": statistic(values), "low": low, "high": high, "n": len(values)}
