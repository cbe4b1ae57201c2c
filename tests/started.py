"""Programs that a test starts and that end with it, also where it fails: without that, a failure would wait for them for ever."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def started(*arguments: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A Python program with these arguments, whose output is read as text; `how` is as for `subprocess.Popen`."""
    with subprocess.Popen([sys.executable, *arguments], text=True, stdout=subprocess.PIPE, **how) as process:
        try:
            yield process
        finally:
            process.kill()
