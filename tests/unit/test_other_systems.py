"""Windows and some others lack modules of POSIX; everything of ours can be imported there."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The libraries come first: on this system they may use what they like.
IMPORT = """
import importlib, pkgutil, sys
import lensmae

names = sorted(module.name for module in pkgutil.walk_packages(lensmae.__path__, "lensmae."))
names = [name for name in names if not name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
for name in [name for name in sys.modules if name.partition(".")[0] == "lensmae"]:
    del sys.modules[name]
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_module_can_be_imported_where_posix_modules_are_absent():
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 150
