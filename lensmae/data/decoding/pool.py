"""Decoding processes, some kept warm, and the calls that they answer."""

import atexit
import contextlib
import inspect
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, ParamSpec, TypeVar

from lensmae.data.decoding import plain
from lensmae.data.decoding.functions import result_type
from lensmae.data.decoding.limits import Limits
from lensmae.data.decoding.process import Ended, NoMemory, Worker, call, watch
from lensmae.errors import ImageReadError, LensMAEError

P = ParamSpec("P")
T = TypeVar("T")

_KEPT = 2
# A process is replaced after so many calls, so that no leak of a decoder grows without end.
_MOST_CALLS = 5_000
# Bytes of requests that are sent ahead of their answers; a pipe holds more, so that neither side waits for the other in vain.
_AHEAD = 1 << 15


class _Pool:
    """Processes that wait for the next call."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self.turns = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
        # The kernel ends a child with the thread that started it, and visitors' threads end all the time.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="start-decoders")

    def take(self, limits: Limits, fresh: bool = False) -> Worker:
        with self._lock:
            alike = [one for one in self._idle if one.limits == limits]
            if alike and not fresh:
                self._idle.remove(alike[-1])
                return alike[-1]
        return self._starter.submit(Worker, limits).result()

    def give(self, worker: Worker) -> None:
        with self._lock:
            if len(self._idle) < _KEPT and worker.calls < _MOST_CALLS and worker.limits == Limits():
                self._idle.append(worker)
                return
        worker.end()

    def close(self) -> None:
        with self._lock:
            workers, self._idle = self._idle, []
        for one in workers:
            one.end()


_POOL = _Pool()
atexit.register(lambda: _pool().close())


def _pool() -> _Pool:
    """The pool of this process; one that was forked off does not use its parent's."""
    global _POOL
    if _POOL.owner != os.getpid():
        _POOL = _Pool()
        watch.renew()
    return _POOL


def apply(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What a function of a module returns, computed in a decoding process.

    Its arguments and its result must consist of plain values, arrays and dataclasses, and be annotated as such.
    Raises what it raises of LensMAE's errors, and `ImageReadError` (without the file's name) where it crashes, takes too long or
    too much memory, or raises anything else.
    """
    return apply_within(Limits(), function, *arguments, **options)


def apply_within(limits: Limits, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """As `apply`, with other limits."""
    pool, request = _pool(), call(function, arguments, options)
    with pool.turns:
        worker = pool.take(limits)
        try:
            return _answered(pool, worker, function, request, again=worker.calls > 0)
        except _Again:
            # What an earlier file did to the process must not be laid at this one's door.
            return _answered(pool, pool.take(limits, fresh=True), function, request)


class _Again(Exception):
    """The call is worth another try, in a fresh process."""


def _answered(pool: _Pool, worker: Worker, function: Callable[..., T], request: list[plain.Piece], again: bool = False) -> T:
    with _returned(pool, worker, again):
        worker.ask(request)
        there, value = worker.answer(result_type(function))
        if not there:
            raise TypeError(f"{function.__qualname__} gives a stream")
        return value


@contextlib.contextmanager
def _returned(pool: _Pool, worker: Worker, again: bool = False) -> Iterator[None]:
    """A worker goes back to the pool, unless it ended or is in an unknown state; its end becomes the file's error."""
    try:
        yield
    except LensMAEError:
        pool.give(worker)
        raise
    except (Ended, NoMemory) as problem:
        worker.end()
        if again and not _certain(problem):
            raise _Again from None
        raise _refusal(problem, worker) from None
    except BaseException:
        worker.end()
        raise
    else:
        pool.give(worker)


def _certain(problem: Ended | NoMemory) -> bool:
    """Whether it was this file that ended the process, and not one before it."""
    return isinstance(problem, Ended) and problem.of_the_file


def _refusal(problem: Ended | NoMemory, worker: Worker) -> ImageReadError:
    if isinstance(problem, Ended):
        return ImageReadError(str(problem))
    return ImageReadError(f"reading it takes more than {worker.limits.memory / 1e9:.2g} GB of memory; cut out the lens first")


def read_file(label: str, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """As `apply`, for a function that reads one file; every `ImageReadError` names it by `label`."""
    try:
        return apply_within(Limits(), function, *arguments, **options)
    except ImageReadError as problem:
        raise named(label, problem) from None


def named(label: str, problem: ImageReadError) -> ImageReadError:
    """The error with the file's name: readers name the file themselves, what ends the process does not."""
    text = str(problem)
    return problem if text.startswith(label) else ImageReadError(f"{label} was not read: {text.rstrip('.')}.")


def read_pieces(label: str, function: Callable[..., Iterator[T]], *arguments: Any, **options: Any) -> Iterator[T]:
    """As `read_file`, for a function that yields: one value after the other, each within the limits of a file."""
    try:
        yield from pieces(function, *arguments, **options)
    except ImageReadError as problem:
        raise named(label, problem) from None


def pieces(function: Callable[..., Iterator[T]], *arguments: Any, **options: Any) -> Iterator[T]:
    """As `apply`, for a function that yields. The process goes on while a value is looked at, so many small ones come fast."""
    pool, request = _pool(), call(function, arguments, options)
    worker = pool.take(Limits())
    with _returned(pool, worker):
        worker.ask(request)
        while (answer := worker.answer(result_type(function)))[0]:
            yield answer[1]


def each(
    function: Callable[..., T] | Callable[..., Iterator[T]], calls: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[int, T | ImageReadError]]:
    """What a function returns, or yields, for each of many calls, in their order: the call's index, and a value or its error.

    The process goes on with the next calls while a value is looked at. A file that ends it is refused alone.

    Args:
        function: as `apply` takes it.
        calls: arguments by name.
    """
    line = _Line(function, calls)
    try:
        while line.send():
            yield from line.answers()
    finally:
        line.close()


class _Line(Generic[T]):
    """Calls in a row, some of them sent ahead to one process."""

    def __init__(self, function: Callable[..., Any], calls: Iterable[Mapping[str, Any]]) -> None:
        self._function, self._streams = function, inspect.isgeneratorfunction(function)
        self._calls = enumerate(call(function, (), dict(one)) for one in calls)
        self._next = next(self._calls, None)
        self._sent: deque[tuple[int, list[plain.Piece], int]] = deque()
        self._pool, self._worker, self._fresh = _pool(), None, False

    def send(self) -> bool:
        """Send what may be sent ahead; False where all is answered."""
        if self._worker is not None and not self._sent and self._worker.calls >= _MOST_CALLS:
            self.close()
        if self._worker is None and (self._sent or self._next):
            self._fresh, self._worker = False, self._pool.take(Limits(), fresh=self._fresh)
            for _, request, _ in self._sent:
                self._worker.ask(request)
        while self._next is not None and self._may_send(size := sum(map(len, self._next[1]))):
            self._sent.append((*self._next, size))
            self._worker.ask(self._next[1])
            self._next = next(self._calls, None)
        return bool(self._sent)

    def _may_send(self, size: int) -> bool:
        # The first one may be of any size: nothing else is waited for while it is sent.
        ahead = size + sum(sent for _, _, sent in self._sent) <= _AHEAD and self._worker.calls < _MOST_CALLS
        return ahead or not self._sent

    def answers(self) -> Iterator[tuple[int, T | ImageReadError]]:
        """Those of the call that was sent first; none where the process ended and the call is to be sent to a fresh one."""
        (index, _, _), used, first = self._sent[0], self._worker.calls > len(self._sent), True
        while True:
            try:
                there, value = self._answer(again=used and first)
            except _Again:
                return
            first, last = False, not there or not self._streams or isinstance(value, ImageReadError)
            if last:
                self._sent.popleft()
            if there:
                yield index, value
            if last:
                return

    def _answer(self, again: bool) -> tuple[bool, T | ImageReadError | None]:
        try:
            return self._worker.answer(result_type(self._function))
        except ImageReadError as problem:
            return True, problem
        except (Ended, NoMemory) as problem:
            worker, self._worker, self._fresh = self._worker, None, True
            worker.end()
            if again and not _certain(problem):
                raise _Again from None
            return True, _refusal(problem, worker)

    def close(self) -> None:
        """Give the process back, or end it where it still computes."""
        worker, self._worker = self._worker, None
        if worker is not None and not self._sent:
            self._pool.give(worker)
        elif worker is not None:
            worker.end()
