"""Workspaces that may not be written: what only reads goes on, what writes says why it cannot."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models import save_small_networks

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets root give up its power over files")
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root's power to write and read what is not its to write and read.
_POWERS = (1, 2)
# One process for all commands: most of each is importing libraries.
COMMANDS = """
import json, sys
from typer.testing import CliRunner
from lensmae.cli import app

for arguments in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, arguments)
    print(json.dumps([done.exit_code, done.stderr, repr(done.exception)]), flush=True)
"""
TINY = ("--emb-dim", "24", "--encoder-layers", "1", "--decoder-layers", "1", "--patch-size", "16", "--batch-size", "32")


def without_power():
    """Root's rights are an ordinary user's, for this process and its children."""
    libc = ctypes.CDLL(None)
    for power in _POWERS:
        libc.prctl(_PR_CAPBSET_DROP, power, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def run(home, *commands, **environment):
    """Exit status and what was said on stderr, of each command."""
    known = os.environ | {"PYTHONPATH": str(ROOT), "LENSMAE_HOME": str(home)} | environment
    ordered = [sys.executable, "-c", COMMANDS, json.dumps([list(map(str, command)) for command in commands])]
    done = subprocess.run(
        ordered, capture_output=True, text=True, timeout=300, env=known, cwd=ROOT, preexec_fn=without_power, check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == len(commands), done.stderr[-2000:]
    return [
        (status, said + ("" if "SystemExit" in problem or problem == "None" else problem)) for status, said, problem in answers
    ]


@pytest.fixture
def read_only_home(workspace_with_lenses, tmp_path):
    """A workspace with a queued run whose job is gone, all of which may only be read."""
    home = workspace_with_lenses
    save_small_networks(home)
    np.save(tmp_path / "lens.npy", np.random.default_rng(0).random((64, 64)).astype(np.float32))
    from lensmae.training import create_run, make_config

    create_run(make_config("pretrain", data="lenses"), "waits")
    (home / "runs/waits/job.json").write_text(json.dumps({"executor": "local", "id": "1", "submitted": 0.0}))
    folders = [home, *(path for path in home.rglob("*") if path.is_dir() and not path.is_symlink())]
    for folder in folders:
        folder.chmod(0o555)
    yield home
    for folder in folders:
        folder.chmod(0o755)


@linux
def test_a_workspace_that_may_only_be_read_is_read_and_what_writes_says_why_it_cannot(read_only_home, tmp_path):
    before = sorted(read_only_home.rglob("*"))
    reading = [
        ("data",),
        ("checkpoints",),
        ("runs",),
        ("queue",),
        ("embed", "small-mae", "lenses", tmp_path / "out.npy", "--limit", "12"),
        ("predict", tmp_path / "lens.npy", "--mae", "small-mae", "--classifier", "none", "--superres", "none"),
    ]
    writing = [
        ("simulate", "model_ii", "new", "--per-class", "2", "--jobs", "1"),
        ("train", "pretrain", "--data", "lenses", *TINY, "--background"),
        ("train", "pretrain", "--data", "lenses", *TINY, "--epochs", "1"),
        ("subset", "lenses", "new", tmp_path / "rows.csv"),
        ("export", "lenses", read_only_home / "out"),
    ]
    (tmp_path / "rows.csv").write_text("row\n1\n2\n")
    answers = run(read_only_home, *reading, *writing)
    for command, (status, said) in zip(reading, answers, strict=False):
        assert status == 0, (command, said)
        assert "amaged" not in said, (command, said)
    for command, (status, said) in zip(writing, answers[len(reading) :], strict=True):
        assert status == 2, (command, said)
        assert "may not be read or written" in said, (command, said)
        assert str(read_only_home) in said, (command, said)
    assert np.load(tmp_path / "out.npy").shape == (12, 24)
    assert sorted(read_only_home.rglob("*")) == before


@linux
def test_a_workspace_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    home = tmp_path / "closed/home"
    (listed, _), (status, said) = run(home, ("data",), ("simulate", "model_ii", "new", "--per-class", "2", "--jobs", "1"))
    assert (listed, status) == (0, 2)
    assert "LENSMAE_HOME" in said
    assert str(home) in said
