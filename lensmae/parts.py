"""Work in parts on an executor, a few at a time, so that millions of parts take no more memory than a few."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
_IN_FLIGHT = 256


def completed(
    executor: Executor, function: Callable[..., T], calls: Iterable[tuple[Any, ...]], in_flight: int = _IN_FLIGHT
) -> Iterator[tuple[int, T]]:
    """Results of calls in the order in which they come, each with the index of its call. What has not begun is cancelled where
    the caller stops or a call fails.

    Args:
        executor: of this machine or of a cluster.
        function: of a module, called with each tuple of arguments.
        calls: arguments of each call.
        in_flight: calls handed over at a time, at least 1.
    """
    ahead = enumerate(calls)
    waiting: dict[Future[T], int] = {}
    try:
        while True:
            for index, arguments in islice(ahead, in_flight - len(waiting)):
                waiting[executor.submit(function, *arguments)] = index
            if not waiting:
                return
            ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                yield waiting.pop(future), future.result()
    finally:
        for future in waiting:
            future.cancel()
