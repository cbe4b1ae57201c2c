"""From a run's model to a named checkpoint with a card: measured on a split, stored small, described in words."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch

from lensmae import __version__
from lensmae.data import open_dataset
from lensmae.errors import CheckpointError
from lensmae.evaluation.classification.axion_mass import mass_figures
from lensmae.evaluation.classification.baselines import classification_baselines
from lensmae.evaluation.measure.reports import ClassificationReport, Progress, evaluate
from lensmae.evaluation.ood.references import content_digest, find_reference, save_reference
from lensmae.evaluation.reports.tables import flatten, readable
from lensmae.evaluation.stress.words import as_now, in_words
from lensmae.models import find_checkpoint, load_checkpoint, save_checkpoint
from lensmae.models.averaging import averaged
from lensmae.models.checkpoint import CheckpointCard, read_card, read_network, rewrite_card
from lensmae.models.registry import reference_path
from lensmae.workspace import check_name, json_text, models_dir, write_all

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
    average: tuple[str, float] | None = None,
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
        average: another checkpoint of the same architecture, and its share in the mean of both weights that is stored.
        progress: called with (images done, images in all).
    """
    check_name(name, "checkpoint")
    if precision not in _PRECISIONS:
        raise CheckpointError(f"Weights cannot be stored as {precision!r}; choose {', '.join(_PRECISIONS)}.")
    card, network = read_network(find_checkpoint(checkpoint))
    if average is not None:
        card, network = averaged(card, network, *average)
    target = (folder or models_dir()) / f"{name}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Measured before it takes the name: a failure replaces nothing, and the figures are those of the rounded weights.
    with TemporaryDirectory(prefix="lensmae-promote-") as scratch:
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
        changes = {"metrics": metrics, "training": _named(card.training), "description": description or card.description}
        card = card.model_copy(update=changes)
    save_checkpoint(target, card, network, _PRECISIONS[precision])
    _write_beside(target, card)
    return target


def _named(training: dict[str, Any]) -> dict[str, Any]:
    """What a card says of a training, checkpoints by name alone: a card is read on other machines."""
    record = {key: _named(value) if isinstance(value, dict) else value for key, value in training.items()}
    paths = {
        key: Path(record[key]).stem
        for key in ("init", "residual_of", "checkpoint")
        if Path(str(record.get(key, ""))).is_absolute()
    }
    return record | paths


def _write_beside(path: Path, card: CheckpointCard) -> None:
    """NAME.json and NAME.md of a checkpoint file."""
    record = card.model_dump(mode="json")
    texts = {".json": json_text(record), ".md": card_text(path.stem, record)}
    write_all({path.with_suffix(suffix): text.encode() for suffix, text in texts.items()})


def keep_stress(checkpoint: str, table: pd.DataFrame, data: str) -> Path:
    """Write the rows of a stress test (`evaluation.stress.run.COLUMNS`) into a checkpoint's card; the path of its file. A
    reference that belongs to these weights belongs to them afterwards.

    Args:
        checkpoint: name, run id or path.
        table: rows of this and perhaps of other checkpoints.
        data: name of the set that they were measured on.
    """
    path = find_checkpoint(checkpoint)
    card, own = read_card(path), table[table["checkpoint"] == path.stem]
    known = ("value", "auc", "ece", "answered", "accuracy_answered", "worse")
    rows: dict[str, Any] = {"data": data, "images": int(own["n"].max()), "date": datetime.now(UTC).date().isoformat()}
    for row in own.to_dict("records"):
        figures = {row["metric"] if name == "value" else name: round(row[name], 4) for name in known if row[name] == row[name]}
        rows[in_words(row["title"], row["label"], row["unit"])] = figures
    reference = find_reference(path)
    card = card.model_copy(update={"metrics": card.metrics | {"stress": rows}})
    rewrite_card(path, card)
    if reference is not None:
        stamped = reference.card.model_copy(update={"sha256": content_digest(path)})
        save_reference(reference_path(path), replace(reference, card=stamped))
    _write_beside(path, card)
    return path


def card_text(name: str, record: dict[str, Any]) -> str:
    """A checkpoint's card as Markdown, from its record alone."""
    lines = [f"# Checkpoint `{name}`", "", record["description"] or f"A {record['kind']} network.", ""]
    for split, figures in record["metrics"].items():
        if split == "stress":
            lines += _stress_section(figures)
            continue
        lines += [f"## Figures on the {split} split", "", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {readable(value)} |" for key, value in flatten(figures)]
        lines.append("")
    lines += _section("Training data", record["data"])
    training = record["training"]
    lines += _section("Training", training)
    lines += _section("Network", record["architecture"])
    return "\n".join([*lines, f"Transform: `{json.dumps(record['transform'])}`", ""])


def _stress_section(figures: dict[str, Any]) -> list[str]:
    """A row a condition, a column a figure."""
    rows = {condition: row for condition, row in figures.items() if isinstance(row, dict)}
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    facts = ", ".join(f"{name} {readable(value)}" for name, value in figures.items() if name not in rows)
    lines = ["## Under the nuisances of real files", "", facts, ""]
    lines += [f"| {' | '.join(['condition', *columns])} |", "|---" * (1 + len(columns)) + "|"]
    for condition, row in rows.items():
        values = (readable(row[name]) if name in row else "" for name in columns)
        lines.append(f"| {' | '.join([as_now(condition), *values])} |")
    return [*lines, ""]


def _section(title: str, values: dict[str, Any]) -> list[str]:
    rows = [f"| {key} | {readable(value)} |" for key, value in flatten(values)]
    return [f"## {title}", "", "| setting | value |", "|---|---|", *rows, ""]
