"""Metrics and reports: what a checkpoint is worth on a data set."""

from lensmae.evaluation.embeddings.embed import embed_dataset
from lensmae.evaluation.embeddings.projections import Projection, project
from lensmae.evaluation.measure.reports import (
    ClassificationReport,
    ReconstructionReport,
    SuperResReport,
    evaluate,
    evaluate_classifier,
    evaluate_reconstruction,
    evaluate_superres,
)

__all__ = [
    "ClassificationReport",
    "Projection",
    "ReconstructionReport",
    "SuperResReport",
    "embed_dataset",
    "evaluate",
    "evaluate_classifier",
    "evaluate_reconstruction",
    "evaluate_superres",
    "project",
]
