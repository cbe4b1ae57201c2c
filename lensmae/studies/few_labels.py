"""Few labels: how well an encoder that saw all images, but few labels, does against networks that saw those few lenses only."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lensmae.data import open_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.reports import evaluate
from lensmae.training import create_run, delete_run, make_config, train_run
from lensmae.training.config import RunConfig
from lensmae.workspace import read_json, runs_dir, write_json

# Recipe and what is changed in it, by the name in the results.
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "mae": ("reference-cpu", {"mass_head": False}),
    "scratch": ("reference-cpu", {"mass_head": False, "init": "scratch", "layer_decay": 1.0}),
    "resnet18": ("resnet18", {}),
}
LABELS = (100, 500, 1000, 5000)
SEEDS = (0, 1, 2)


def few_labels(
    data: str,
    output: Path,
    *,
    models: Sequence[str] = tuple(MODELS),
    labels: Sequence[int] = LABELS,
    seeds: Sequence[int] = SEEDS,
    images: int = 20_000,
    test_images: int = 3000,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train every model at every number of labels (in total, all classes alike) with every seed; measure on the test split.

    Every training passes `images` images, so that few labels are not fewer steps. Results are kept one by one: a study that
    was cut off goes on where it was, and so does the training it was in.

    Args:
        output: the JSON file of results; those already in it (same data, images and options) are not made again.
        options: fields of the run configuration, the same for all models.

    Returns:
        One record a training: model, labels, seed, accuracy, macro_auc, and what it was measured on.
    """
    unknown = [name for name in models if name not in MODELS]
    if unknown:
        raise ConfigError(f"There is no model {unknown[0]!r} to compare; there are {', '.join(MODELS)}.")
    available = len(open_dataset(data).indices("train"))
    if max(labels) > available:
        raise DatasetError(f"Data set {data} has {available} training lenses; {max(labels)} labels were asked for.")
    found: list[dict[str, Any]] = read_json(output, DatasetError)["results"] if output.is_file() else []
    plan = [(model, count, seed) for count in labels for model in models for seed in seeds]
    for place, (model, count, seed) in enumerate(plan):
        identity = {"model": model, "labels": count, "seed": seed, "data": data, "images": images, "options": options}
        # Compared as JSON, as they were stored.
        if not any(json.dumps(record | identity) == json.dumps(record) for record in found):
            found.append(identity | _measure(model, count, seed, data, images, test_images, options))
            write_json(output, {"results": found})
        if progress is not None:
            progress(place + 1, len(plan))
    return found


def _measure(
    model: str, count: int, seed: int, data: str, images: int, test_images: int, options: dict[str, Any]
) -> dict[str, Any]:
    run_id = f"labels-{model}-{count}-{seed}"
    config = _config(model, count, seed, data, images, options)
    if (runs_dir() / run_id).exists():
        _check_same(run_id, config)
    else:
        create_run(config, run_id)
    if not (runs_dir() / run_id / "model.safetensors").is_file():
        train_run(run_id)
    summary = evaluate(run_id, data, "test", limit=test_images).summary()
    delete_run(run_id)
    return {name: summary[name] for name in ("accuracy", "macro_auc", "n", "split")}


def _config(model: str, count: int, seed: int, data: str, images: int, options: dict[str, Any]) -> RunConfig:
    recipe, changes = MODELS[model]
    chosen = {"data": data, "labels": count, "seed": seed, "validate_every": 1_000_000, **changes, **options}
    batch = make_config("classifier", recipe, **chosen).batch_size
    # As `BatchPlan` counts: whole batches an epoch.
    steps = max(1, count // batch)
    return make_config("classifier", recipe, **chosen, epochs=images / (steps * min(batch, count)))


def _check_same(run_id: str, config: RunConfig) -> None:
    stored = read_json(runs_dir() / run_id / "config.json", ConfigError)
    if stored != config.model_dump(mode="json"):
        raise ConfigError(
            f"Run {run_id} exists with another configuration; delete it, or finish it with the options it began with."
        )
