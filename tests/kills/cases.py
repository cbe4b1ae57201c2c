"""Commands that are killed, small enough to be run hundreds of times, and what they make."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from tests.models import ARCHITECTURES, save_small_networks

# Facts of a record that tell when and how fast, which no two runs share.
_OF_THE_MOMENT = {"date", "created", "updated", "images_per_second", "seconds", "machine", "measured", "eta_s"}
_TINY = ("--batch-size", "6", "--save-every", "4", "--epochs", "3", "--accelerator", "cpu")
_SMALL = ("--encoder-layers", "1", "--emb-dim", "24")


@dataclass(frozen=True)
class Case:
    """A command.

    Attributes:
        name: of what is killed.
        arguments: of `lensmae`; `{home}` is the workspace.
        makes: what it makes, below the workspace.
        run: name of the training run that goes on with `train --resume`; empty where the command is simply given again.
    """

    name: str
    arguments: tuple[str, ...]
    makes: str
    run: str = ""


def _training(kind: str, *arguments: str) -> Case:
    return Case(kind, ("train", kind, "--name", "new", *arguments), "runs/new", run="new")


_NETWORKS = tuple(part for kind in ARCHITECTURES for part in ("--checkpoint", f"small-{kind}"))
CASES = (
    Case("simulate", ("simulate", "model_ii", "new", "--per-class", "40", "--jobs", "2"), "datasets/new"),
    Case("import", ("import", "{home}/files", "new", "--jobs", "2"), "datasets/new"),
    _training("pretrain", "--data", "lenses", *_TINY, *_SMALL, "--decoder-layers", "1", "--patch-size", "16"),
    _training("classifier", "--data", "lenses", *_TINY, *_SMALL, "--init", "scratch", "--patch-size", "16"),
    _training("mass", "--data", "lenses", *_TINY, "--init", "whitening", "--width", "16", "--layers", "1"),
    _training("superres", "--data", "pairs", *_TINY, *_SMALL, "--init", "scratch", "--patch-size", "15", "--width", "8"),
    Case("embed", ("embed", "small-mae", "lenses", "{home}/out/new.npy"), "out/new.npy"),
    Case("report", ("report", "lenses", "pairs", *_NETWORKS, "--limit", "6", "--stressed", "0", "--folder", "{home}/out"), "out"),
    Case("convert", ("convert", "{home}/weights.pt", "new"), "checkpoints/new.safetensors"),
)


def prepare(home: Path) -> None:
    """Write what the commands need into an empty workspace that `LENSMAE_HOME` names: data sets, networks, files."""
    from lensmae.data import simulate_dataset
    from lensmae.training import create_run, make_config, train_run

    simulate_dataset("model_ii", "lenses", per_class=30, seed=11, jobs=1)
    simulate_dataset("superres", "pairs", per_class=20, seed=12, jobs=1)
    save_small_networks(home)
    for place in range(300):
        path = home / f"files/{'ab'[place % 2]}/{place}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.random.default_rng(place).random((32, 32), dtype=np.float32))
    # Only a classifier that whitens its input can be given a network for the mass.
    size = {"emb_dim": 24, "encoder_layers": 1, "patch_size": 16, "batch_size": 32, "whitening": 8}
    made = train_run(create_run(make_config("classifier", data="lenses", init="scratch", epochs=1, **size), "first"))
    made.rename(home / "checkpoints/whitening.safetensors")
    network = ARCHITECTURES["mae"] | {"patch_size": 4, "emb_dim": 96}
    from lensmae.models.mae import MAEViT

    torch.save(MAEViT(**network).state_dict(), home / "weights.pt")


def product(home: Path, case: Case) -> dict[str, Any]:
    """What a case has made, file by file, without what only tells when; a folder's hidden files are no part of it."""
    place = home / case.makes
    if case.run:
        found = [place / "model.safetensors"]
    else:
        found = sorted(path for path in place.rglob("*") if not path.name.startswith(".")) if place.is_dir() else [place]
    return {path.name: content(path) for path in found if path.is_file()}


def content(path: Path) -> Any:
    """What is in a file that does not depend on when it was written. Raises where it cannot be read."""
    if path.suffix == ".safetensors":
        return {name: tensor.numpy().tobytes() for name, tensor in load_file(path).items()}
    if path.suffix == ".json":
        return _lasting(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".md":
        # It prints the date and the speed too; its figures are those of results.json.
        return path.read_text(encoding="utf-8").count("\n")
    return path.read_bytes()


def _lasting(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _lasting(entry) for name, entry in value.items() if name not in _OF_THE_MOMENT}
    return [_lasting(entry) for entry in value] if isinstance(value, list) else value
