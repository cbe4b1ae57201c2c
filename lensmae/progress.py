"""How long work says how far it is: one type for all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

# Every command imports this module; `--help` waits for no numpy.
if TYPE_CHECKING:
    import numpy as np

# Called as `progress(done, total)` after every step, 0 <= done <= total. It may raise `Cancelled`, which ends the work.
Progress = Callable[[int, int], None]


def batches(rows: np.ndarray, size: int, progress: Callable[[int], None] | None = None) -> Iterator[np.ndarray]:
    """The rows (N,) a few at a time, each counted as done when the next is asked for.

    Args:
        rows: numbers of the lenses.
        size: lenses a batch, 1 or more.
        progress: called with how many are done.
    """
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
        if progress is not None:
            progress(min(start + size, len(rows)))


def part_of(progress: Progress | None, before: int, total: int) -> Callable[[int], None]:
    """Progress of one part of some work: a function that takes how much of the part is done.

    Args:
        progress: of the whole work; None reports to nobody.
        before: how much of the whole was done before the part began.
        total: of the whole.
    """
    return lambda done: None if progress is None else progress(before + done, total)
