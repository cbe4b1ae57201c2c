"""`python -m lensmae.jobs.queue_wait ...`: wait in the queue, then become the job's command.

The command takes this process's place (exec), with the locked ticket still open: its number is that of the job, signals reach it
at once, and the place in the queue is free the moment the process is gone.
"""

import argparse
import os
import time
from pathlib import Path

from lensmae.jobs.queue import claim, has_turn

_ASK_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> None:
    """Wait, redirect what the command prints, become the command. Returns only where the ticket was withdrawn."""
    parser = argparse.ArgumentParser(prog="lensmae.jobs.queue_wait", description=__doc__)
    parser.add_argument("--ticket", type=Path, help="place in the queue; none where a cluster does the queueing")
    parser.add_argument("--log", type=Path, help="file that takes what the command prints, where that is not set up yet")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if options.ticket is not None:
        held = _await_turn(options.ticket)
        if held is None:
            return
        os.set_inheritable(held, True)
    # Of several processes of one job the first writes the log; the others keep submitit's own files.
    if options.log is not None and int(os.environ.get("SLURM_PROCID", "0")) == 0:
        log = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    os.execv(command[0], command)


def _await_turn(ticket: Path) -> int | None:
    held = claim(ticket)
    while held is not None:
        turn = has_turn(ticket, held)
        if turn is None:
            return None
        if turn:
            break
        time.sleep(_ASK_SECONDS)
    return held


if __name__ == "__main__":
    main()
