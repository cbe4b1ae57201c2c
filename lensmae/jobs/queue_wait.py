"""`python -m lensmae.jobs.queue_wait ...`: wait in the queue, then become the job's command.

The command takes this process's place (exec), and with it its number, which the ticket names: signals reach it at once, and the
place in the queue is free the moment it is gone.
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
    if options.ticket is not None and not _await_turn(options.ticket):
        return
    # Of several processes of one job the first writes the log; the others keep submitit's own files.
    if options.log is not None and int(os.environ.get("SLURM_PROCID", "0")) == 0:
        log = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    os.execv(command[0], command)


def _await_turn(ticket: Path) -> bool:
    """Wait for the turn; False where the ticket was withdrawn."""
    turn: bool | None = False if claim(ticket) else None
    while turn is False:
        turn = has_turn(ticket)
        if turn is False:
            time.sleep(_ASK_SECONDS)
    return bool(turn)


if __name__ == "__main__":
    main()
