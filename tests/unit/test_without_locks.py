"""A file system without locks (flock says ENOLCK, as some NFS does): commands and jobs in the background do their work."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from lensmae.data import open_dataset
from lensmae.folders import locked
from lensmae.jobs import family, live_tickets
from lensmae.training import get_run, open_run

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no flock that could refuse")
# Python imports it on its own in every process that finds it on its path, those of background jobs too.
NO_LOCKS = """
import errno, fcntl, os

def refuse(handle, how):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = refuse
"""
COMMANDS = """
import sys
from typer.testing import CliRunner
from lensmae.cli import app

for line in sys.stdin:
    done = CliRunner().invoke(app, line.split())
    assert done.exit_code == 0, (line, done.output, done.exception)
"""
TINY = "--emb-dim 24 --encoder-layers 1 --decoder-layers 1 --patch-size 16 --batch-size 32 --epochs 1 --accelerator cpu"


def test_without_locks_data_are_made_and_runs_leave_the_queue(workspace_with_lenses, tmp_path):
    home = workspace_with_lenses
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(NO_LOCKS)
    (tmp_path / "many").mkdir()
    for place in range(6):
        np.save(tmp_path / f"many/{place}.npy", np.full((32, 32), place + 1, np.float32))
    commands = [
        "simulate model_ii new --per-class 2 --jobs 1",
        f"import {tmp_path}/many imported --jobs 1",
        f"train pretrain --data lenses --name here {TINY}",
        f"train pretrain --data lenses --name behind {TINY} --background",
    ]
    known = os.environ | {"PYTHONPATH": f"{tmp_path}/site{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], input="\n".join(commands), capture_output=True, text=True, env=known, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    _, alive = psutil.wait_procs(family(open_run("behind").job().process()), timeout=120)
    assert alive == []
    assert [get_run(run).state for run in ("here", "behind")] == ["finished", "finished"]
    assert [open_dataset(name).info.n for name in ("new", "imported")] == [6, 6]
    assert live_tickets() == []
    assert list(home.rglob("*.partial")) == []


def test_no_lock_is_told_from_one_that_somebody_holds(tmp_path, monkeypatch):
    import fcntl

    def refuse(handle, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with locked(tmp_path) as held, pytest.raises(BlockingIOError), locked(tmp_path):
        assert held
    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path) as first, locked(tmp_path) as second:
        assert (first, second) == (False, False)
