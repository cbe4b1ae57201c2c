"""From a run's model to a named checkpoint with a card: measured on a split, stored small, described in words."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from lensmae import __version__
from lensmae.data import open_dataset
from lensmae.errors import CheckpointError
from lensmae.evaluation.classification.axion_mass import mass_figures
from lensmae.evaluation.classification.baselines import classification_baselines
from lensmae.evaluation.measure.reports import ClassificationReport, Progress, evaluate
from lensmae.evaluation.reports.tables import flatten, readable
from lensmae.models import find_checkpoint, load_checkpoint, save_checkpoint
from lensmae.models.checkpoint import read_network
from lensmae.workspace import check_name, models_dir, write_json, write_text

_PRECISIONS = {"int8": torch.int8, "float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def promote(
    checkpoint: str,
    name: str,
    data: str,
    split: str = "test",
    *,
    precision: str = "float16",
    description: str = "",
    folder: Path | None = None,
    limit: int | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Store a checkpoint under a name, with its figures on a split in its header and beside it as NAME.md and NAME.json.

    Args:
        checkpoint: run id, name or path.
        name: the new name; an existing checkpoint of that name in `folder` is replaced.
        data: data set to measure on.
        split: which part of it.
        precision: of the stored weights; the figures are those of the stored weights, after rounding.
        description: one or two sentences for the card.
        folder: where to; the workspace's checkpoints where None.
        limit: measure on so many images at most.
        encoder: for a classifier, an MAE whose frozen features are measured beside it (`classification_baselines`).
        progress: called with (images done, images in all).
    """
    check_name(name, "checkpoint")
    if precision not in _PRECISIONS:
        raise CheckpointError(f"Weights cannot be stored as {precision!r}; choose {', '.join(_PRECISIONS)}.")
    card, network = read_network(find_checkpoint(checkpoint))
    target = (folder or models_dir()) / f"{name}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Measured before it takes the name: a failure replaces nothing, and the figures are those of the rounded weights.
    with TemporaryDirectory(prefix=".promote-", dir=target.parent) as scratch:
        candidate = Path(scratch) / target.name
        save_checkpoint(candidate, card, network, _PRECISIONS[precision])
        report = evaluate(str(candidate), data, split, limit=limit, progress=progress)
        figures = report.summary()
        if encoder is not None and isinstance(report, ClassificationReport):
            beside = classification_baselines(open_dataset(data), report.indices, load_checkpoint(encoder))
            figures["baselines"] = beside
        figures |= mass_figures(load_checkpoint(candidate), open_dataset(data), report.indices)
        stored = {"precision": precision, "lensmae": __version__, "date": datetime.now(UTC).date().isoformat()}
        metrics = card.metrics | {split: figures | stored}
        card = card.model_copy(update={"metrics": metrics, "description": description or card.description})
        save_checkpoint(candidate, card, network, _PRECISIONS[precision])
        os.replace(candidate, target)
    record = card.model_dump(mode="json")
    write_json(target.with_suffix(".json"), record)
    write_text(target.with_suffix(".md"), card_text(name, record))
    return target


def card_text(name: str, record: dict[str, Any]) -> str:
    """A checkpoint's card as Markdown, from its record alone."""
    lines = [f"# Checkpoint `{name}`", "", record["description"] or f"A {record['kind']} network.", ""]
    for split, figures in record["metrics"].items():
        lines += [f"## Figures on the {split} split", "", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {readable(value)} |" for key, value in flatten(figures)]
        lines.append("")
    lines += _section("Training data", record["data"])
    training = record["training"]
    lines += _section("Training", training)
    lines += _section("Network", record["architecture"])
    return "\n".join([*lines, f"Transform: `{json.dumps(record['transform'])}`", ""])


def _section(title: str, values: dict[str, Any]) -> list[str]:
    rows = [f"| {key} | {readable(value)} |" for key, value in flatten(values)]
    return [f"## {title}", "", "| setting | value |", "|---|---|", *rows, ""]
