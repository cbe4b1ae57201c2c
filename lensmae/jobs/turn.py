"""`python -m lensmae.jobs.turn ...`: wait in the queue, then become the job's command.

The command takes this process's place (exec), with the locked ticket still open: signals reach it at once, nothing stands
between it and submitit or Slurm, and the place in the queue is free the moment the process is gone.
"""

import argparse
import os
import time
from pathlib import Path

from lensmae.jobs.tickets import claim, has_turn

# submitit's local executor hides all GPUs unless told a number; what the submitting process saw is restored.
VISIBLE_GPUS = "LENSMAE_VISIBLE_GPUS"
_ASK_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> None:
    """Wait, redirect what the command prints, become the command. Returns only where the ticket was withdrawn."""
    parser = argparse.ArgumentParser(prog="lensmae.jobs.turn", description=__doc__)
    parser.add_argument("--ticket", type=Path, help="place in the queue; none where a cluster does the queueing")
    parser.add_argument("--log", type=Path, required=True, help="file that takes what the command prints")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if options.ticket is not None:
        held = _await_turn(options.ticket)
        if held is None:
            return
        os.set_inheritable(held, True)
        _restore_gpus()
    if int(os.environ.get("SLURM_PROCID", "0")) == 0:
        # Of several processes of one job the first writes the log; the others keep submitit's own files.
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


def _restore_gpus() -> None:
    seen = os.environ.pop(VISIBLE_GPUS, None)
    if seen is None:
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = seen


if __name__ == "__main__":
    main()
