"""The whole trainer beside itself as it was: real runs of both, turn about, in processes of their own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.data import simulate_dataset
from lensmae.errors import ConfigError
from lensmae.models.arithmetic import multiplies_bfloat16
from lensmae.progress import Progress

# The last commit of 2026-11-27: before batches were simulated, steps were fused and CPUs multiplied in bfloat16.
BEFORE = "683cc02f15ba"
_ROOT = Path(__file__).resolve().parents[2]
_WAYS = ("before", "now", "now, float32")
RECIPES = {"pretrain reference-cpu": 32, "classifier reference-cpu": 32}
# Runs in either version: all that it needs of the package has the same name in both.
_WORKER = """
import json, sys, time
import torch
from lensmae.training import create_run, make_config, train_run
from lensmae.training.callbacks import Follower
asked = json.loads(sys.argv[1])
torch.set_num_threads(1)
told, ends = Follower.on_train_batch_end, []
def timed(self, trainer, task, *rest):
    told(self, trainer, task, *rest)
    ends.append(time.process_time())
    trainer.should_stop = trainer.should_stop or len(ends) > asked["steps"]
Follower.on_train_batch_end = timed
train_run(create_run(make_config(asked["kind"], asked["recipe"], **asked["options"])))
print("STEPS " + json.dumps([after - before for before, after in zip(ends, ends[1:])]))
"""


@dataclass(frozen=True)
class TrainerResult:
    """Training steps in Lightning's loop with all that a run does between them, on one thread; medians over rounds.

    Attributes:
        before: commit of the other version.
        rounds, steps: runs of each, and steps of a run that are timed; neither is compiled.
        bfloat16: whether this processor multiplies it, and so the recipes of now take it.
        images_per_second: by recipe, of one core's own time: "before", "now" and "now, float32".
        ratio: by recipe, of the same over "before", in pairs of runs that follow each other.
    """

    before: str
    rounds: int
    steps: int
    bfloat16: bool
    images_per_second: dict[str, dict[str, float]]
    ratio: dict[str, dict[str, float]]


def trainer(
    progress: Progress, rounds: int = 3, steps: int = 5, recipes: dict[str, int] | None = None, **options: Any
) -> TrainerResult:
    """Train a few steps of recipes with both versions.

    Args:
        progress: called with (runs done, runs in all).
        rounds: runs of each version and recipe.
        steps: of a run that are timed, after two that allocate.
        recipes: batch size by "kind recipe".
        options: fields of the run configuration, the same for both.

    Raises:
        ConfigError: where the repository does not hold the other version.
    """
    chosen = recipes or RECIPES
    found: dict[str, dict[str, list[float]]] = {recipe: {way: [] for way in _WAYS} for recipe in chosen}
    done, total = 0, rounds * len(chosen) * len(_WAYS)
    with _trees() as (trees, home):
        for turn in range(rounds):
            for recipe, batch in chosen.items():
                # Turn about which goes first, so that none profits from its place.
                for way in _WAYS[turn % 3 :] + _WAYS[: turn % 3]:
                    more = {"precision": "32-true"} if way.endswith("float32") else {}
                    tree = trees[0] if way == "before" else trees[1]
                    seconds = _step_s(tree, home, recipe, steps, {"batch_size": batch, **options, **more})
                    found[recipe][way].append(batch / seconds)
                    done += 1
                    progress(done, total)
    speeds = {recipe: {way: np.array(values) for way, values in ways.items()} for recipe, ways in found.items()}
    return TrainerResult(
        before=BEFORE,
        rounds=rounds,
        steps=steps,
        bfloat16=multiplies_bfloat16(),
        images_per_second={
            recipe: {way: float(np.median(values)) for way, values in ways.items()} for recipe, ways in speeds.items()
        },
        ratio={
            recipe: {way: float(np.median(ways[way] / ways["before"])) for way in _WAYS[1:]} for recipe, ways in speeds.items()
        },
    )


@contextmanager
def _trees() -> Iterator[tuple[tuple[Path, Path], Path]]:
    """Folders of the other version and of this one, and a workspace with lenses that both read."""
    before = os.environ.get("LENSMAE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        old, home = Path(folder, "before"), Path(folder, "home")
        old.mkdir()
        archive = subprocess.run(["git", "archive", BEFORE, "lensmae", "checkpoints"], cwd=_ROOT, capture_output=True)
        if archive.returncode:
            raise ConfigError(
                f"This clone has no commit {BEFORE} to compare with: {archive.stderr.decode().strip()}. "
                "Fetch the whole history (git fetch --unshallow)."
            )
        subprocess.run(["tar", "x"], cwd=old, input=archive.stdout, check=True)
        try:
            os.environ["LENSMAE_HOME"] = str(home)
            simulate_dataset("model_ii", "lenses", 200, seed=0, device="cpu")
            yield (old, _ROOT), home
        finally:
            os.environ.pop("LENSMAE_HOME") if before is None else os.environ.update(LENSMAE_HOME=before)


def _step_s(tree: Path, home: Path, recipe: str, steps: int, options: dict[str, Any]) -> float:
    """Processor seconds of a step, median of those after the first two."""
    kind, name = recipe.split()
    # As long a schedule as nobody reaches here, and no save or validation between the steps.
    fixed = {"data": "lenses", "accelerator": "cpu", "compile": False, "save_every": 10**6, "epochs": 100.0}
    asked = {"kind": kind, "recipe": name, "steps": steps + 2, "options": fixed | options}
    environment = os.environ | {"PYTHONPATH": str(tree), "LENSMAE_HOME": str(home), "LENSMAE_RUN_ID": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _WORKER, json.dumps(asked)]
    ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    lines = [line.removeprefix("STEPS ") for line in ended.stdout.splitlines() if line.startswith("STEPS ")]
    if not lines:
        raise ConfigError(f"The trainer of {tree} did not run {recipe}: {ended.stderr.strip()[-500:]}")
    return float(np.median(json.loads(lines[0])[2:]))
