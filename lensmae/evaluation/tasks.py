"""Long computations whose results are kept on disk: what to compute, as data that a process of its own can be given."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from lensmae.data import open_dataset
from lensmae.data.store.dataset import select_rows
from lensmae.errors import CheckpointError
from lensmae.evaluation.embeddings.embed import embed_dataset, reconstruction_errors
from lensmae.evaluation.embeddings.projections import Projection, project
from lensmae.evaluation.images.called import call_lenses
from lensmae.jobs import Report
from lensmae.models import Classifier, Reconstructor, load_checkpoint
from lensmae.progress import Progress

# What a `ProcessJob` calls.
IN_A_PROCESS = f"{__name__}:answer"


class Task(BaseModel):
    """One computation on the lenses of a split.

    Attributes:
        work: embeddings of the lenses, their projection, the reconstruction error of an MAE, or the answers of a classifier.
        checkpoint, data: names or paths.
        split, limit: which lenses, as `select_rows` takes them.
        layer, pooling, patches: of the embeddings, as `embed_dataset` takes them.
        projection: where the embeddings are projected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    work: Literal["embed", "project", "errors", "call"]
    checkpoint: str
    data: str
    split: str = "all"
    limit: int | None = None
    layer: int | None = None
    pooling: str = "mean"
    patches: str = "all"
    projection: Projection = Projection()


def run_task(task: Task, progress: Progress | None = None, phase: Callable[[str], None] = lambda _: None) -> np.ndarray:
    """Do it: embeddings (N, D), points (N, 2 or 3), errors (N,) or probabilities (N, K), which are also kept on disk.

    For a process that computes nothing else meanwhile.

    Args:
        task: what to compute.
        progress: called with lenses, or epochs of UMAP, done and in all.
        phase: called with what is being done before the first of them.
    """
    phase("loading the network and the lenses")
    model, dataset = load_checkpoint(task.checkpoint), open_dataset(task.data)
    rows = select_rows(dataset, task.split, task.limit)
    if task.work == "errors":
        if not isinstance(model, Reconstructor):
            raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; reconstruction needs an MAE.")
        return reconstruction_errors(model, dataset, rows, progress)
    if task.work == "call":
        if not isinstance(model, Classifier):
            raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; answers need a classifier.")
        return call_lenses(model, dataset, rows, progress).answered
    embedded = task.work == "embed"
    facts = {"layer": task.layer, "pooling": task.pooling, "patches": task.patches, "alone": True}
    embeddings = embed_dataset(model, dataset, rows, progress if embedded else None, **facts)
    if embedded:
        return embeddings
    phase("compiling UMAP and finding nearest neighbours")
    return project(embeddings, task.projection, progress)


def answer(request: dict[str, Any], report: Report) -> None:
    """`run_task` as the work of a `ProcessJob`; the result is what it keeps on disk.

    Args:
        request: a task's `model_dump(mode="json")`.
        report: told how many lenses or epochs are done.
    """
    run_task(Task.model_validate(request), report, report.phase)
