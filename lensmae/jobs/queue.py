"""The local queue: one ticket a job, in the order of submission; the first few are at work, the others wait.

A ticket is a file that names its job's process, which lives or not: so the queue needs no server, moves on while no dashboard is
open, and forgets the dead. Where machines share a workspace, each has a queue of its own in the same folder.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from lensmae.errors import ConfigError
from lensmae.folders import locked, may_not_write
from lensmae.jobs.living import living_process
from lensmae.workspace import check_name, workspace, write_text

# How long a drawn ticket may wait for its process to begin; starting Python takes a second or two.
_CLAIM_SECONDS = 600.0
_MOST_AT_ONCE = 64
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Ticket:
    """A place in the queue.

    Attributes:
        path: the file; its name begins with the time it was drawn.
        job: name of the job.
        started: whether its turn has come.
        here: whether it is of this machine.
    """

    path: Path
    job: str
    started: bool
    here: bool = True


def queue_dir() -> Path:
    """Folder of the tickets."""
    return workspace() / "queue"


def at_once() -> int:
    """How many jobs may be at work together; one unless set otherwise."""
    try:
        return min(_MOST_AT_ONCE, max(1, int((queue_dir() / "at_once").read_text(encoding="utf-8"))))
    except (FileNotFoundError, ValueError):
        return 1


def set_at_once(count: int) -> None:
    """Let so many jobs be at work together. Those at work go on; waiting ones follow within a second."""
    if not 1 <= count <= _MOST_AT_ONCE:
        raise ConfigError(f"{count} jobs at once are not possible; choose 1 to {_MOST_AT_ONCE}.")
    write_text(queue_dir() / "at_once", f"{count}\n")


def draw(job: str) -> Path:
    """A new ticket at the end of the queue."""
    check_name(job, "job")
    with locked_queue():
        path = queue_dir() / f"{time.time_ns():020d}.{job}"
        _write(path)
    return path


def live_tickets() -> list[Ticket]:
    """Tickets in their order; those of this machine's ended processes are removed."""
    with locked_queue():
        return _live()


def place_in_queue(job: str) -> int | None:
    """How many jobs must end before this one's turn; 0 when it is at work or next, None without a ticket here."""
    tickets = [ticket for ticket in live_tickets() if ticket.here]
    place = next((place for place, ticket in enumerate(tickets) if ticket.job == job), None)
    return None if place is None else max(0, place + 1 - at_once())


def withdraw(job: str) -> bool:
    """Take a waiting job out of the queue, which ends its process; False where it is at work already, or not in the queue."""
    with locked_queue():
        waiting = [ticket for ticket in _live() if ticket.job == job and not ticket.started]
        for ticket in waiting:
            ticket.path.unlink()
    return bool(waiting)


def claim(path: Path) -> bool:
    """Make a ticket this process's; False where it was withdrawn."""
    with locked_queue():
        if path.is_file():
            _write(path, state="claimed", **_this_process())
            return True
        return False


def has_turn(path: Path) -> bool | None:
    """Whether the turn of this process's ticket has come (it is then marked as at work); None where it was withdrawn."""
    with locked_queue():
        tickets = [ticket for ticket in _live() if ticket.here]
        place = next((place for place, ticket in enumerate(tickets) if ticket.path == path), None)
        if place is None:
            return None
        if place < at_once():
            _write(path, state="started", **_this_process())
        return place < at_once()


@contextlib.contextmanager
def locked_queue() -> Iterator[None]:
    """Alone with the tickets, for a moment; where the workspace may only be read, they are looked at as they are."""
    lock = queue_dir() / ".lock"
    with contextlib.ExitStack() as held:
        try:
            queue_dir().mkdir(parents=True, exist_ok=True)
            lock.touch()
            held.enter_context(locked(lock, _PATIENCE_S))
        except OSError as problem:
            if not may_not_write(problem):
                raise
        yield


def _this_process() -> dict[str, Any]:
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def _write(path: Path, **facts: Any) -> None:
    write_text(path, json.dumps({"host": socket.gethostname()} | facts))


def _live() -> list[Ticket]:
    found = []
    for path in sorted(queue_dir().glob("[0-9]*.*")):
        facts = _read(path)
        here = facts.get("host") == socket.gethostname()
        if not here or _lives(path, facts):
            found.append(Ticket(path, path.name.partition(".")[2], facts.get("state") == "started", here))
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return found


def _read(path: Path) -> dict[str, Any]:
    """What a ticket says; of this machine's dead where it cannot be read."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        facts = None
    return facts if isinstance(facts, dict) else {"host": socket.gethostname(), "pid": 0}


def _lives(path: Path, facts: dict[str, Any]) -> bool:
    pid, started = facts.get("pid"), facts.get("started")
    if pid is None:
        return time.time() - path.stat().st_mtime < _CLAIM_SECONDS
    return isinstance(pid, int) and isinstance(started, float) and living_process(pid, started) is not None
