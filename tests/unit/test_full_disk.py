"""A full disk is a message: nothing half-written stays, and once there is room the same command does its work."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lensmae.models.mae import MAEViT
from tests.models import ARCHITECTURES, save_small_networks

ROOT = Path(__file__).resolve().parents[2]
# One process for all commands: most of each is importing libraries.
COMMANDS = """
import json, os, pathlib, resource, shutil, sys
import numpy as np
from typer.testing import CliRunner
from lensmae.cli import app

home = pathlib.Path(os.environ["LENSMAE_HOME"])
filler = home.parent / "filler"
listing = lambda: {str(path.relative_to(home)) for path in home.rglob("*")}


def few_bytes_a_file(room):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def few_bytes_left(room):
    free = os.statvfs(home).f_bavail * os.statvfs(home).f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - room)


def room_again():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    filler.unlink(missing_ok=True)


def cached(path):
    # What was computed before the disk was full may be kept, in whole files; half of one is no array.
    if not path.is_relative_to(home / "cache"):
        return False
    return path.is_dir() or (path.suffix == ".npy" and len(np.load(path)) > 0)


for how, room, arguments in json.loads(sys.argv[1]):
    before = listing()
    globals()[how](room)
    full = CliRunner().invoke(app, arguments)
    room_again()
    left = sorted(path for path in listing() - before if not cached(home / path))
    done = CliRunner().invoke(app, arguments)
    answer = [full.exit_code, full.stderr, repr(full.exception), left, sorted(before - listing()), done.exit_code, done.output]
    print(json.dumps(answer), flush=True)
"""
NETWORKS = tuple(part for kind in ARCHITECTURES for part in ("--checkpoint", f"small-{kind}"))
ONE_NETWORK = ("--mae", "small-mae", "--classifier", "none", "--superres", "none")
# A command, and the bytes that it finds: fewer than it needs.
ASKED = [
    (300_000, ("simulate", "model_ii", "new", "--per-class", "30", "--jobs", "1")),
    (300_000, ("import", "{home}/many", "imported", "--jobs", "1")),
    (8_192, ("export", "lenses", "{home}/exported")),
    (300_000, ("subset", "lenses", "some", "{home}/rows.csv")),
    (2_000, ("embed", "small-mae", "lenses", "{home}/new.npy")),
    (2_000, ("embed", "small-mae", "lenses", "{home}/new.csv", "--projection", "pca")),
    (500, ("predict", "{home}/many/0.npy", *ONE_NETWORK, "--out", "{home}/answers")),
    (8_192, ("convert", "{home}/weights.pt", "converted")),
    (8_192, ("report", "lenses", "pairs", *NETWORKS, "--limit", "6", "--stressed", "0", "--folder", "{home}/report")),
]


def prepare(home):
    (home / "many").mkdir()
    for place in range(200):
        np.save(home / f"many/{place}.npy", np.ones((32, 32), np.float32))
    (home / "rows.csv").write_text("row\n" + "\n".join(map(str, range(60))))
    save_small_networks(home)
    torch.save(MAEViT(**ARCHITECTURES["mae"] | {"patch_size": 4, "emb_dim": 96}).state_dict(), home / "weights.pt")


def few_bytes_a_file(home):
    """As a quota does: the commands, and what they see."""
    return [sys.executable, "-c", COMMANDS], home


def few_bytes_left(home):
    """A disk of its own, which is full in earnest; it is gone with its process."""
    disk = home.parent / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=64m none {disk} && cp -a {home} {disk}/home && mkdir {disk}/tmp && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", mount, "sh", sys.executable, "-c", COMMANDS], disk / "home"


def own_disks():
    """Whether this process may mount a disk of its own."""
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True).returncode == 0


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system sets no space aside")
@pytest.mark.parametrize("full", [few_bytes_a_file, few_bytes_left], ids=lambda full: full.__name__)
def test_a_full_disk_is_a_message_and_leaves_nothing(workspace_with_lenses, full):
    if full is few_bytes_left and not own_disks():
        pytest.skip("this system lets nobody mount a disk of his own")
    prepare(workspace_with_lenses)
    command, home = full(workspace_with_lenses)
    asked = [(full.__name__, room, [part.format(home=home) for part in arguments]) for room, arguments in ASKED]
    known = os.environ | {"PYTHONPATH": str(ROOT), "LENSMAE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    (home.parent / "tmp").mkdir(parents=True, exist_ok=True)
    known["TMPDIR"] = str(home.parent / "tmp")
    done = subprocess.run([*command, json.dumps(asked)], capture_output=True, text=True, env=known, timeout=600, cwd=ROOT)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == len(asked), done.stderr[-2000:]
    for (_, room, arguments), (status, said, problem, left, gone, again, output) in zip(asked, answers, strict=True):
        assert status == 2, (arguments, room, said, problem)
        assert re.search("Error: .*room", said), (arguments, said, problem)
        assert left == gone == [], arguments
        assert again == 0, (arguments, output)
