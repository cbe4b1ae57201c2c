"""`lensmae report`: every shipped checkpoint measured on lenses that no training has seen, beside its baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.measure import machine
from lensmae import __version__
from lensmae.data import LensDataset, open_dataset
from lensmae.data.simulation.priors import AXION_LOG_MASS
from lensmae.errors import CheckpointError
from lensmae.evaluation.classification.axion_mass import judged, mass_figures
from lensmae.evaluation.classification.baselines import classification_baselines, mass_regression
from lensmae.evaluation.measure.reports import (
    ClassificationReport,
    ReconstructionReport,
    SuperResReport,
    evaluate_classifier,
    evaluate_reconstruction,
    evaluate_superres,
    select_rows,
)
from lensmae.evaluation.metrics import psnr
from lensmae.evaluation.reconstruction.anomaly import anomaly_scores, trained_on
from lensmae.models import Classifier, Reconstructor, SuperResolver, load_checkpoint
from lensmae.progress import Progress
from lensmae.workspace import read_json
from studies.report_stress import stress_record

_ANOMALY_LENSES, _ANOMALY_MASKS = 600, 16


@dataclass(frozen=True)
class Measurements:
    """All that a report says, as it goes into `results.json`, and the reports that its figures are drawn from."""

    record: dict[str, Any]
    classification: dict[str, ClassificationReport]
    superres: dict[str, SuperResReport]
    reconstruction: dict[str, ReconstructionReport]


def measure(
    lenses: str,
    pairs: str,
    *,
    training: str | None = None,
    checkpoints: Sequence[str] = ("mae", "mae-no-sub", "classifier", "superres"),
    studies: Path | None = None,
    split: str = "test",
    limit: int | None = None,
    stressed: int = 0,
    progress: Callable[[str], Progress] | None = None,
) -> Measurements:
    """Measure checkpoints on a split of two data sets.

    Args:
        lenses: set of single lenses, best one of a seed that no training used.
        pairs: the same with LR/HR pairs.
        training: set whose training split the simple baselines of the classifier are fitted to; `lenses` where None.
        checkpoints: names, run ids or paths of any kinds, baselines too; the first MAE gives the frozen features.
        studies: folder with few_labels.json and ablation.json (`lensmae few-labels`, `lensmae ablation`) to take over.
        split: of both sets; "all" where both were made to be measured on.
        limit: images of a split at most.
        stressed: images under each nuisance of real files; 0 for no stress test.
        progress: called with what is measured; gives the callback for (images done, images in all).
    """
    follow = progress or (lambda _: lambda done, total: None)
    models = {reference: load_checkpoint(reference) for reference in checkpoints}
    single, double = open_dataset(lenses), open_dataset(pairs)
    classification, superres, reconstruction = {}, {}, {}
    for name, model in models.items():
        if isinstance(model, Classifier):
            classification[name] = evaluate_classifier(model, single, split, limit=limit, progress=follow(name))
        elif isinstance(model, SuperResolver):
            superres[name] = evaluate_superres(model, double, split, limit=limit, progress=follow(name))
        else:
            reconstruction[name] = evaluate_reconstruction(model, single, split, limit=limit, progress=follow(name))
    record: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "lensmae": __version__,
        "machine": machine(),
        "data": {"lenses": _identity(single, split), "pairs": _identity(double, split)},
        "reconstruction": {name: _reconstruction(models[name], single, report) for name, report in reconstruction.items()},
        "classification": {name: _classification(models[name], single, report) for name, report in classification.items()},
        "superres": {name: _superres(models[name], double, report) for name, report in superres.items()},
    }
    encoder = next((model for model in models.values() if isinstance(model, Reconstructor)), None)
    if encoder is not None and classification:
        fitted = open_dataset(training) if training else single
        rows = select_rows(single, split, limit)
        record["simple_classifiers"] = classification_baselines(single, rows, encoder, fitted_on=fitted)
    if any("axion_mass" in found for found in record["classification"].values()):
        record["simple_masses"] = _simple_masses(single, select_rows(single, split, limit), open_dataset(training or lenses))
    if stressed:
        record["stress"] = stress_record(list(models.values()), single, double, split, stressed, follow("the stress test"))
    for study in ("few_labels", "ablation"):
        if studies is not None and (studies / f"{study}.json").is_file():
            record[study] = read_json(studies / f"{study}.json", CheckpointError)["results"]
    return Measurements(record, classification, superres, reconstruction)


def with_earlier(record: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """A report's record with the figures of an earlier one for the checkpoints that were not measured again, where both measured
    the same images; such figures say when they are from, as `measured`."""
    merged = dict(record)
    for section, data in (("reconstruction", "lenses"), ("classification", "lenses"), ("superres", "pairs")):
        if earlier["data"][data] == record["data"][data]:
            kept = {name: {"measured": earlier["date"]} | found for name, found in earlier[section].items()}
            merged[section] = dict(sorted((kept | record[section]).items()))
    for section in ("simple_classifiers", "simple_masses"):
        if earlier["data"]["lenses"] == record["data"]["lenses"] and section in earlier:
            merged.setdefault(section, earlier[section])
    if earlier["data"] == record["data"] and "stress" in earlier:
        again = {row["checkpoint"] for row in record.get("stress", ())}
        merged["stress"] = [*record.get("stress", ()), *(row for row in earlier["stress"] if row["checkpoint"] not in again)]
    return merged


def _identity(dataset: LensDataset, split: str) -> dict[str, Any]:
    info = dataset.info
    return {name: getattr(info, name) for name in ("name", "preset", "seed", "fingerprint", "n")} | {"split": split}


def _reconstruction(model: Reconstructor, dataset: LensDataset, report: ReconstructionReport) -> dict[str, Any]:
    return report.summary() | {"unsupervised": _unsupervised(model, dataset, report.split)}


def _unsupervised(model: Reconstructor, dataset: LensDataset, split: str) -> dict[str, Any]:
    """AUC of no_sub against each other class by the masked error alone; no label is used but to measure."""
    rows = select_rows(dataset, split, _ANOMALY_LENSES)
    names = np.asarray(dataset.info.classes)[dataset.labels[rows]]
    images = np.asarray(dataset.images[rows])
    trained = trained_on(model.card).classes
    areas = _areas(names, anomaly_scores(model, images, masks=_ANOMALY_MASKS).mean)
    found = {"trained_on": list(trained), "masks": _ANOMALY_MASKS, "n": len(rows)}
    found |= {f"auc.{other}": area for other, area in areas.items()}
    if model.module.prior is not None:
        found["linear_prior"] = _areas(names, anomaly_scores(model, images, masks=_ANOMALY_MASKS, linear=True).mean)
    return found


def _areas(names: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """AUC of no_sub against each other class that is there, of names (N,) and scores (N,)."""
    found = {}
    for other in sorted(set(names) - {"no_sub"}):
        pair = (names == "no_sub") | (names == other)
        if (names == "no_sub").any():
            found[str(other)] = float(roc_auc_score(names[pair] == other, scores[pair]))
    return found


def _classification(model: Classifier, dataset: LensDataset, report: ClassificationReport) -> dict[str, Any]:
    return report.summary() | mass_figures(model, dataset, report.indices)


def _simple_masses(dataset: LensDataset, rows: np.ndarray, fitted_on: LensDataset) -> dict[str, Any]:
    """What a linear regression on principal components makes of the axion masses, and what telling the same for all does."""
    middle = float(np.mean(AXION_LOG_MASS))
    found: dict[str, Any] = {"constant": judged(dataset, rows, lambda chosen: np.full(len(chosen), middle)).summary()}
    axions = judged(dataset, rows, lambda chosen: np.zeros(len(chosen))).rows
    linear = mass_regression(dataset, axions, fitted_on=fitted_on)
    if linear is not None:
        found["linear"] = judged(dataset, rows, lambda _: linear[0]).summary() | {"training_lenses": linear[1]}
    return found


def _superres(model: SuperResolver, dataset: LensDataset, report: SuperResReport) -> dict[str, Any]:
    """With what remains to the noise-free truth, where the set has it: HR's own distance from it is the noise floor."""
    found = report.summary()
    if dataset.truths is not None:
        rows = report.indices
        truths, images = np.asarray(dataset.truths[rows]), np.asarray(dataset.images[rows])
        drawn = np.concatenate([model.predict(images[at : at + 64]) for at in range(0, len(rows), 64)])
        found["psnr_to_truth"] = float(psnr(drawn, truths).mean())
        found["hr_psnr_to_truth"] = float(psnr(np.asarray(dataset.targets[rows]), truths).mean())
    return found
