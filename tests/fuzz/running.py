"""Hostile files through the readers as everybody calls them, and what came of it."""

import itertools
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lensmae.data import read_image
from lensmae.data.decoding import apply
from lensmae.data.exchange.stacks.reading import array_blocks, stored_arrays
from lensmae.errors import ImageReadError
from tests.fuzz.generator import hostile_files
from tests.unit.data.test_hostile_files import GOOD, PIXELS

# A good file is read after so many hostile ones.
_GOOD_EVERY = 50
# Each is a call of its own here; an import reads thousands of a file in one.
_ARRAYS = 50
_ENDINGS = {b"\x93NUMPY": ".npy", b"PK\x03\x04": ".npz", b"\x89HDF": ".h5"}


@dataclass
class Outcome:
    """What came of many files.

    Attributes:
        read, refused: files that gave an image, and that were refused.
        ended: those of the refused that ended their decoding process, by the reason.
        surprises: files that raised anything else than `ImageReadError`, or gave what is no finite image.
        most_cpu: seconds of the slowest file that did not end its process.
        most_memory: bytes, the largest resident memory of a decoding process.
        good: good files read rightly in between.
    """

    read: int = 0
    refused: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    surprises: dict[str, str] = field(default_factory=dict)
    most_cpu: float = 0.0
    slowest: str = ""
    most_memory: int = 0
    good: int = 0
    seconds: float = 0.0


def usage() -> tuple[int, float, int]:
    """Of the process that runs this: its number, seconds of processor time, largest resident memory in bytes."""
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return os.getpid(), time.process_time(), int(peak[1]) * 1024 if peak else 0


def run(count: int, seed: int, folder: Path, seconds: float | None = None) -> Outcome:
    """Read so many hostile files, each as an image, and as a stack where its kind has those; or as many as `seconds` allow."""
    outcome, begun, before = Outcome(), time.monotonic(), usage_of_decoder()
    for place, (name, data) in enumerate(hostile_files(count, seed)):
        if seconds is not None and time.monotonic() - begun > seconds:
            break
        _read(name, data, folder, outcome)
        after = usage_of_decoder()
        if after[0] == before[0] and after[1] - before[1] > outcome.most_cpu:
            outcome.most_cpu, outcome.slowest = after[1] - before[1], name
        outcome.most_memory = max(outcome.most_memory, after[2])
        before = after
        if place % _GOOD_EVERY == 0:
            np.testing.assert_array_equal(read_image(GOOD["fits"], "good").pixels, PIXELS)
            outcome.good += 1
    outcome.seconds = time.monotonic() - begun
    return outcome


def usage_of_decoder() -> tuple[int, float, int]:
    """`usage` of the decoding process that is kept warm."""
    return apply(usage) if Path("/proc/self/status").exists() else (0, 0.0, 0)


def _read(name: str, data: bytes, folder: Path, outcome: Outcome) -> None:
    try:
        image = read_image(data, name)
        outcome.read += 1
        if image.pixels.ndim != 2 or image.pixels.dtype != np.float32 or not np.isfinite(image.pixels).all():
            outcome.surprises[name] = "no finite image"
    except ImageReadError as problem:
        outcome.refused += 1
        _count(str(problem), outcome)
        if name not in str(problem):
            outcome.surprises[name] = f"a message without the file's name: {problem}"
    except Exception as problem:  # noqa: BLE001 - what else there is, is what is looked for
        outcome.surprises[name] = f"{type(problem).__name__}: {problem}"
    ending = next((ending for start, ending in _ENDINGS.items() if data.startswith(start)), None)
    if ending is not None:
        _read_stack(name, data, folder / f"x{ending}", outcome)


def _read_stack(name: str, data: bytes, path: Path, outcome: Outcome) -> None:
    path.write_bytes(data)
    try:
        for array in stored_arrays(path, path.parent)[:_ARRAYS]:
            # A header may claim terabytes; each piece is within the limits, and an import asks for the space first.
            for _ in itertools.islice(array_blocks(array), 2):
                pass
    except ImageReadError as problem:
        _count(str(problem), outcome)
    except Exception as problem:  # noqa: BLE001 - as above
        outcome.surprises[f"{name} as a stack"] = f"{type(problem).__name__}: {problem}"


def _count(problem: str, outcome: Outcome) -> None:
    for reason in ("crashed on it (", "of processor time", "longer than", "of memory", "damaged or too large answer"):
        if reason in problem:
            outcome.ended[re.sub(r".*?(crashed on it \(\w+\)).*", r"\1", problem) if "crashed" in reason else reason] += 1
