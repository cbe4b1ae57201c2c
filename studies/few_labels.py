"""Few labels: how well an encoder that saw all images, but few labels, does against networks that saw those few lenses only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lensmae.data import open_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.progress import Progress
from lensmae.training import RunConfig, make_config
from studies.trials import run_trials, trained_and_measured

# Recipe and what is changed in it, by the name in the results. All take batches of 32, so as many steps for as many images.
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "mae": ("residual-cpu", {}),
    "scratch": ("reference-cpu", {"compile": False}),
    "resnet18": ("resnet18", {"batch_size": 32}),
    "resnet18-residual": ("resnet18-residual", {"batch_size": 32}),
}
LABELS = (100, 500, 1000, 5000)
SEEDS = (0, 1, 2)


def few_labels(
    data: str,
    output: Path,
    *,
    models: Sequence[str] = tuple(MODELS),
    labels: Sequence[int] = LABELS,
    per_class: bool = False,
    seeds: Sequence[int] = SEEDS,
    images: int = 20_000,
    test_images: int = 3000,
    progress: Progress | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train every model at every number of labels (all classes alike) with every seed; measure on the test split.

    Every training passes `images` images, so that few labels are not fewer steps, or every label once. Results
    are kept one by one: a study that was cut off goes on where it was, and so does the training it was in.

    Args:
        data: data set with a training and a test split.
        output: the JSON file of results; those already in it (same data, images and options) are not made again.
        models: names in `MODELS`.
        labels: numbers of labels, in total.
        per_class: whether they are of each class instead, as published figures are.
        seeds: of the trainings.
        images: that every training passes.
        test_images: measured on, at most.
        progress: called with trainings done, and how many there are.
        options: fields of the run configuration, the same for all models.

    Returns:
        One record a training: model, labels (in total), seed, accuracy, macro_auc, and what it was measured on.
    """
    unknown = [name for name in models if name not in MODELS]
    if unknown:
        raise ConfigError(f"There is no model {unknown[0]!r} to compare; there are {', '.join(MODELS)}.")
    dataset = open_dataset(data)
    labels = [count * len(dataset.info.classes) for count in labels] if per_class else labels
    available = len(dataset.indices("train"))
    if max(labels) > available:
        raise DatasetError(f"Data set {data} has {available} training lenses; {max(labels)} labels were asked for.")
    plan = []
    for count in labels:
        for model in models:
            for seed in seeds:
                identity = {"model": model, "labels": count, "seed": seed, "data": data, "images": images, "options": options}
                config = _config(model, count, seed, data, images, options)
                run_id = f"labels-{model}-{count}-{seed}"
                plan.append((identity, lambda run_id=run_id, config=config: trained_and_measured(run_id, config, test_images)))
    return run_trials(plan, output, progress)


def _config(model: str, count: int, seed: int, data: str, images: int, options: dict[str, Any]) -> RunConfig:
    recipe, changes = MODELS[model]
    chosen = {"data": data, "labels": count, "seed": seed, "validate_every": 1_000_000, **changes, **options}
    batch = make_config("classifier", recipe, **chosen).batch_size
    # As `BatchPlan` counts: whole batches an epoch.
    steps = max(1, count // batch)
    return make_config("classifier", recipe, **chosen, epochs=max(images, count) / (steps * min(batch, count)))
