"""`python -m lensmae.jobs.worker MODULE:FUNCTION PARENT`: the process of a `ProcessJob`, which ends with process PARENT.

The request comes as JSON on stdin. On stdout one line of JSON a report: {"done", "total"}, {"phase"}, and at the end {"result"}
or {"problem"}.
"""

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from lensmae.errors import LensMAEError
from lensmae.processes import killed_with_parent


class _LineReport:
    """Reports as lines of JSON; what else is printed must not look like one, so stdout becomes stderr."""

    def __init__(self) -> None:
        self._lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def __call__(self, done: int, total: int, /) -> None:
        self.say(done=done, total=total)

    def phase(self, text: str) -> None:
        self.say(phase=text)

    def say(self, **facts: Any) -> None:
        self._lines.write(json.dumps(facts) + "\n")
        self._lines.flush()


def main(target: str, parent: int) -> int:
    """Read the request, do the work, report."""
    killed_with_parent(parent)
    _give_way()
    request = json.load(sys.stdin)
    report = _LineReport()
    report.phase("loading libraries")
    module, name = target.split(":")
    try:
        report.say(result=getattr(importlib.import_module(module), name)(request, report))
    except LensMAEError as problem:
        report.say(problem=str(problem))
        return 2
    return 0


def _give_way() -> None:
    """The dashboard answers first; and where memory runs out, this process goes first."""
    if hasattr(os, "nice"):
        os.nice(10)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
