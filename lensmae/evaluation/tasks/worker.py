"""A process that does one `Task`: `python -m lensmae.evaluation.tasks.worker`, started by `lensmae.evaluation.tasks.jobs`.

The task comes as one line of JSON on stdin; stdin then stays open, and its end means that whoever asked has gone. On stdout one
line of JSON a step: {"done", "total"}, and {"problem"} where it failed.
"""

import json
import os
import sys
import threading

from lensmae.errors import LensMAEError


def main() -> int:
    """Read the task, do it, report."""
    # The dashboard answers first.
    os.nice(10) if hasattr(os, "nice") else None
    line = sys.stdin.readline()
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever a library prints must not look like a report.
    os.dup2(2, 1)
    from lensmae.evaluation.tasks.tasks import Task, run_task

    def say(**facts: int | str) -> None:
        report.write(json.dumps(facts) + "\n")
        report.flush()

    try:
        run_task(Task.model_validate_json(line), lambda done, total: say(done=done, total=total))
    except LensMAEError as problem:
        say(problem=str(problem))
        return 2
    return 0


def _end_with_the_asker() -> None:
    sys.stdin.read()
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
