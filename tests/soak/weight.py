"""What a dashboard with all its processes weighs, and whether that grows."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import psutil

from lensmae.jobs import family

# Of memory, what allocators keep; of the others, what one visitor more or less has open.
_MEMORY_GROWTH, _COUNT_GROWTH = 0.10, 8


@dataclass(frozen=True)
class Weight:
    """One moment.

    Attributes:
        memory: bytes that belong to the processes alone (unique set size), in all.
        processes, threads, files: how many there are, open files with sockets.
        temporary: entries of the folder for temporary files, at any depth.
        uploads: bytes in the workspace outside of data sets and runs.
    """

    memory: int
    processes: int
    threads: int
    files: int
    temporary: int
    uploads: int

    @classmethod
    def of(cls, server: psutil.Process, temporary: Path, home: Path) -> "Weight":
        """Of a server and all its children now."""
        memory = processes = threads = files = 0
        for process in family(server):
            with contextlib.suppress(psutil.NoSuchProcess):
                memory += process.memory_full_info().uss
                threads += process.num_threads()
                files += process.num_fds()
                processes += 1
        sizes = sum(
            _size(path)
            for path in home.rglob("*")
            if path.relative_to(home).parts[0] not in ("datasets", "runs") and path.name != "server.log"
        )
        return cls(memory, processes, threads, files, sum(1 for _ in temporary.rglob("*")), sizes)


def _size(path: Path) -> int:
    # The dashboard removes files while they are counted.
    with contextlib.suppress(OSError):
        return path.stat().st_size if path.is_file() else 0
    return 0


def grown(weights: Sequence[Weight]) -> dict[str, str]:
    """What is larger in the last third of the moments than in the second by more than it may be, said in words.

    The first third is not looked at: caches fill there, and libraries are loaded.
    """
    third = len(weights) // 3
    found = {}
    # What visitors upload is kept for days, so that a link opens it again; it is told, and no fault.
    for field in (one for one in fields(Weight) if one.name != "uploads"):
        middle, last = (
            float(np.median([getattr(weight, field.name) for weight in part]))
            for part in (weights[third : 2 * third], weights[2 * third :])
        )
        allowed = middle * _MEMORY_GROWTH if field.name == "memory" else _COUNT_GROWTH
        if last - middle > allowed:
            found[field.name] = f"{middle:,.0f} -> {last:,.0f}"
    return found
