"""The local queue: one ticket a job, in the order of submission; the first few are at work, the others wait.

A ticket is a file that its job's process keeps locked (flock) from its start to its end, however it ends. So the queue needs no
server, moves on while no dashboard is open, and forgets the dead.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lensmae.errors import ConfigError
from lensmae.workspace import check_name, workspace, write_text

# How long a drawn ticket may wait for its process to begin; starting Python takes a second or two.
_CLAIM_SECONDS = 600.0
_MOST_AT_ONCE = 64


@dataclass(frozen=True)
class Ticket:
    """A place in the queue.

    Attributes:
        path: the file; its name begins with the time it was drawn.
        job: name of the job.
        started: whether its turn has come.
    """

    path: Path
    job: str
    started: bool


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
        path.touch()
    return path


def live_tickets() -> list[Ticket]:
    """Tickets in their order; those of ended processes are removed."""
    with locked_queue():
        return _live()


def place_in_queue(job: str) -> int | None:
    """How many jobs must end before this one's turn; 0 when it is at work or next, None without a ticket."""
    tickets = live_tickets()
    place = next((place for place, ticket in enumerate(tickets) if ticket.job == job), None)
    return None if place is None else max(0, place + 1 - at_once())


def withdraw(job: str) -> bool:
    """Take a waiting job out of the queue, which ends its process; False where it is at work already, or not in the queue."""
    with locked_queue():
        waiting = [ticket for ticket in _live() if ticket.job == job and not ticket.started]
        for ticket in waiting:
            ticket.path.unlink()
    return bool(waiting)


def claim(path: Path) -> int | None:
    """Lock a ticket for this process; the open file, or None where the ticket was withdrawn."""
    with locked_queue():
        try:
            held = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        # Others lock a ticket for a moment only, and only while they hold the queue's lock.
        fcntl.flock(held, fcntl.LOCK_EX)
        os.write(held, b"claimed")
        return held


def has_turn(path: Path, held: int) -> bool | None:
    """Whether the turn of a claimed ticket has come (it is then marked as at work); None where it was withdrawn."""
    with locked_queue():
        tickets = _live(mine=path)
        place = next((place for place, ticket in enumerate(tickets) if ticket.path == path), None)
        if place is None:
            return None
        if place < at_once():
            os.pwrite(held, b"started", 0)
        return place < at_once()


@contextlib.contextmanager
def locked_queue() -> Iterator[None]:
    """Alone with the tickets, for a moment."""
    queue_dir().mkdir(parents=True, exist_ok=True)
    with (queue_dir() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _live(mine: Path | None = None) -> list[Ticket]:
    found = []
    for path in sorted(queue_dir().glob("[0-9]*.*")):
        state = path.read_text(encoding="utf-8")
        if path == mine or _held(path) or (not state and time.time() - path.stat().st_mtime < _CLAIM_SECONDS):
            found.append(Ticket(path, path.name.partition(".")[2], state == "started"))
        else:
            path.unlink()
    return found


def _held(path: Path) -> bool:
    """Whether a living process holds a ticket."""
    with path.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
