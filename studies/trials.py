"""One training of many: trained under a name of its own, measured, and then only its figures kept."""

import gc
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lensmae.data import open_dataset
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation.measure.reports import evaluate_classifier, pick_device
from lensmae.models import load_checkpoint
from lensmae.progress import Progress
from lensmae.training import RunConfig, create_run, delete_run, train_run
from lensmae.workspace import read_json, runs_dir, write_json


def run_trials(
    plan: Sequence[tuple[dict[str, Any], Callable[[], dict[str, Any]]]],
    output: Path,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Do what is missing in `output` of a plan of (identity, work); every result is kept as soon as it is there."""
    found: list[dict[str, Any]] = read_json(output, DatasetError)["results"] if output.is_file() else []
    for index, (identity, work) in enumerate(plan):
        # Compared as JSON, as they were stored.
        if not any(json.dumps(record | identity) == json.dumps(record) for record in found):
            found.append(identity | work())
            write_json(output, {"results": found})
            # A trainer and its modules point at each other, and hold gigabytes until somebody looks for such circles.
            gc.collect()
        if progress is not None:
            progress(index + 1, len(plan))
    return found


def trained(run_id: str, config: RunConfig) -> None:
    """Train a run, go on with it, or find it finished."""
    folder = runs_dir() / run_id
    if folder.exists():
        _check_same(run_id, config)
    else:
        create_run(config, run_id)
    if not (folder / "model.safetensors").is_file():
        train_run(run_id)


def trained_and_measured(run_id: str, config: RunConfig, test_images: int) -> dict[str, Any]:
    """Train (or go on with) a run, measure it on the test split of its data, delete it; accuracy, macro_auc, n, split. One that
    was trained on turned lenses is judged by the mean over the eight symmetries, and beside that in `one_orientation`."""
    trained(run_id, config)
    model, dataset = load_checkpoint(run_id, pick_device("auto")), open_dataset(config.data)

    def figures(d4: bool) -> dict[str, Any]:
        summary = evaluate_classifier(model, dataset, "test", limit=test_images, d4=d4).summary()
        return {name: summary[name] for name in ("accuracy", "macro_auc", "n", "split")}

    found = figures(config.symmetry == "d4")
    if config.symmetry == "d4":
        found["one_orientation"] = figures(False)
    delete_run(run_id)
    return found


def _check_same(run_id: str, config: RunConfig) -> None:
    stored = read_json(runs_dir() / run_id / "config.json", ConfigError)
    if stored != config.model_dump(mode="json"):
        raise ConfigError(f"Run {run_id} exists with another configuration; delete it, or go on with the options it began with.")
