"""A workspace in which bad records of every kind lie beside the good ones."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from lensmae.models import read_card

DEEP = "[" * 100_000
SETS = {
    "deep": lambda folder: (folder / "dataset.json").write_text(DEEP),
    "binary": lambda folder: (folder / "dataset.json").write_bytes(bytes(range(256))),
    "negative": lambda folder: _edit(folder / "dataset.json", n=-3),
    "no-images": lambda folder: (folder / "images.npy").unlink(),
    "no-table": lambda folder: (folder / "lenses.parquet").unlink(),
    "cut-images": lambda folder: (folder / "images.npy").write_bytes((folder / "images.npy").read_bytes()[:5000]),
    "other-images": lambda folder: _edit(folder / "dataset.json", shape=[8, 8]),
    "zero": lambda folder: _edit(folder / "dataset.json", n=0),
    "![x](http-x)": lambda folder: None,
}
# Good by their records; what is wrong shows when they are opened.
SETS_FOUND_LATER = {"aa-bad-table": lambda folder: (folder / "lenses.parquet").write_bytes(b"PAR1 nothing PAR1")}
CARDS = {
    "many-layers": {"encoder_layers": 10**9},
    "negative-heads": {"encoder_heads": -3},
    "no-heads": {"encoder_heads": 0},
    "endless": {"emb_dim": 10**30},
    "nested": {"encoder": {"encoder": {"encoder": {"encoder": {"encoder": {"layers": 1}}}}}},
}
_STATUS = {"id": "x", "kind": "pretrain", "created": "", "updated": ""}
RUNS = {
    "deep-status": ("status.json", DEEP.encode()),
    "deep-config": ("config.json", DEEP.encode()),
    "bad-date": ("status.json", json.dumps(_STATUS | {"created": "yesterday", "updated": "never"}).encode()),
    "no-zone": (
        "status.json",
        json.dumps(_STATUS | {"created": "2026-01-01T00:00:00"}).encode(),
    ),
    "huge-pid": (
        "status.json",
        json.dumps(_STATUS | {"state": "running", "pid": 1e300}).encode(),
    ),
    "list": ("status.json", b"[]"),
    "bad-job": ("job.json", b'{"executor": 3}'),
}
CURVES = {
    "empty-curve": b"",
    "binary-curve": bytes(range(256)) * 9,
    "other-curve": b"a,b\n1,2\n",
    "words-curve": b"step,train_loss\nlens,2\n",
}


def _edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def damage_sets(home: Path, good: str, kinds: dict) -> None:
    """Copies of a good set, each damaged in its way."""
    for name, harm in kinds.items():
        folder = home / "datasets" / name
        shutil.copytree((home / "datasets" / good).resolve(), folder)
        harm(folder)


def damage_checkpoints(home: Path, good: Path) -> None:
    """Copies of a good checkpoint of an MAE with absurd headers, and files that are none."""
    card, folder = read_card(good), home / "checkpoints"
    folder.mkdir(exist_ok=True)
    weights = {"x": torch.zeros(3)}
    for name, change in CARDS.items():
        absurd = card.model_copy(update={"architecture": card.architecture | change})
        save_file(weights, folder / f"{name}.safetensors", metadata={"lensmae": absurd.model_dump_json()})
    save_file(weights, folder / "deep.safetensors", metadata={"lensmae": DEEP})
    odd = json.loads(card.model_dump_json()) | {"metrics": {"test": 3}}
    save_file(weights, folder / "odd-metrics.safetensors", metadata={"lensmae": json.dumps(odd)})
    save_file(weights, folder / "foreign.safetensors")
    (folder / "random.safetensors").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.safetensors").touch()


def damage_runs(home: Path, good: Path) -> None:
    """Copies of a good run's folder with a bad file each."""
    for name, (file, content) in RUNS.items():
        shutil.copytree(good, home / "runs" / name)
        (home / "runs" / name / file).write_bytes(content)
    for name, content in CURVES.items():
        shutil.copytree(good, home / "runs" / name)
        (home / "runs" / name / "metrics.csv").write_bytes(content)
