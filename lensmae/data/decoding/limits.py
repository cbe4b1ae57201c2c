"""What a decoding process may take, and how it is held to that: by the kernel where there are resource limits (Linux; macOS
without the one on memory), by the parent's clock everywhere."""

import contextlib
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


# Bytes of files that a process may map beside its data.
_LIBRARIES = 8 << 30


@dataclass(frozen=True)
class Limits:
    """What the process that decodes files may use for one of them.

    Attributes:
        memory: bytes of the whole process.
        cpu: seconds of processor time.
        wall: seconds by the clock, after which the parent ends the process; for what waits rather than computes.
        output: bytes of arrays in an answer.
        imports: modules that are imported before the limits hold, because they write temporary files while they are.
    """

    memory: int = 1_000_000_000
    cpu: int = 9
    wall: float = 120.0
    output: int = 1 << 28
    imports: tuple[str, ...] = ()


def limit_process(limits: Limits) -> None:
    """Hold this process to `limits` for good: memory, no core dump, no file written, few files open."""
    if resource is None:
        return
    for kind, value in (("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 0), ("RLIMIT_NOFILE", 64)):
        _lower(kind, value)
    size, resident, data = _memory()
    if size:
        # What is resident can grow by no more than what is reserved does. Code of libraries is no data: that of PyTorch for CUDA
        # alone is larger than all that a file may take.
        _lower("RLIMIT_DATA", max(0, data - resident) + limits.memory)
        _lower("RLIMIT_AS", size - resident + limits.memory + _LIBRARIES)


def limit_next_file(limits: Limits) -> None:
    """Give this process `cpu` seconds from now on; after them the kernel ends it."""
    if resource is not None:
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + limits.cpu, hard))


def _lower(kind: str, value: int) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = getattr(resource, kind)
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


def _memory() -> tuple[int, int, int]:
    """Bytes reserved, resident, and reserved for data; zeros where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0, 0, 0
    size, resident, data = (int(pages[field]) * os.sysconf("SC_PAGE_SIZE") for field in (0, 1, 5))
    return size, resident, data
