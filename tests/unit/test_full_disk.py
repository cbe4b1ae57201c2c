"""A full disk is a message: nothing half-written stays."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models import save_small_networks

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system sets no space aside")
FULL = """
import resource, sys
from lensmae.cli import app
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
app(sys.argv[1:])
"""

# Bytes that a file may have; less than what each command writes.
_LIMITS = {"export": "10_000", "embed": "2_000", "predict": "500"}


@linux
@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "model_ii", "new", "--per-class", "30", "--jobs", "1"),
        ("import", "{home}/many", "new", "--jobs", "1"),
        ("export", "lenses", "{home}/out"),
        ("subset", "lenses", "new", "{home}/rows.csv"),
        ("embed", "small-mae", "lenses", "{home}/new.npy"),
        ("predict", "{home}/many/0.npy", "--mae", "small-mae", "--classifier", "none", "--superres", "none", "--out", "{home}"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_full_disk_is_a_message_and_leaves_nothing(workspace_with_lenses, arguments):
    home = workspace_with_lenses
    (home / "many").mkdir()
    for place in range(200):
        np.save(home / f"many/{place}.npy", np.ones((32, 32), np.float32))
    (home / "rows.csv").write_text("row\n" + "\n".join(map(str, range(60))))
    save_small_networks(home)
    (home / "cache/embeddings").mkdir(parents=True)
    before = sorted(path for path in home.rglob("*"))
    code = FULL.replace("300_000", _LIMITS.get(arguments[0], "300_000"))
    command = [sys.executable, "-c", code, *(part.format(home=home) for part in arguments)]
    known = os.environ | {"PYTHONPATH": str(ROOT), "LENSMAE_HOME": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, env=known, timeout=300, cwd=home)
    assert done.returncode == 2, done.stderr
    assert re.search("Error: .*room", done.stderr), done.stderr
    assert sorted(path for path in home.rglob("*")) == before
