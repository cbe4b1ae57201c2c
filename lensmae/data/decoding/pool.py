"""The parent's side: decoding processes, some kept warm, and the calls that they answer."""

import atexit
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from lensmae import errors
from lensmae.data.decoding import plain
from lensmae.data.decoding.limits import Limits
from lensmae.data.decoding.worker import END, ERROR, NO_MEMORY, READY, VALUE
from lensmae.errors import ImageReadError, LensMAEError

P = ParamSpec("P")
T = TypeVar("T")

_KEPT = 2
# A process is replaced after so many calls, so that no leak of a decoder grows without end.
_MOST_CALLS = 5_000
_START_S = 60.0
_LOOK_S = 0.25
_ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from lensmae.data.decoding.worker import main; main()"
# One thread each: the file is small, and threads' stacks count as memory.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_ENVIRONMENT = dict.fromkeys(_THREADS, "1") | {"MALLOC_ARENA_MAX": "2"}


class _Ended(Exception):
    """The process ended, or was ended, in the middle of an answer."""

    def __init__(self, reason: str, of_the_file: bool) -> None:
        super().__init__(reason)
        self.of_the_file = of_the_file


class _NoMemory(Exception):
    """The process had not enough memory for an answer, and lives on."""


class _Worker:
    """A decoding process."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.calls, self.deadline, self._late = limits, 0, time.monotonic() + _START_S, False
        command = [sys.executable, "-P", "-c", _PROGRAM.format(root=str(_ROOT))]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=os.environ | _ENVIRONMENT
        )
        _WATCH.add(self)
        try:
            self._send((os.getpid(), limits))
            if self._status() != READY:
                raise _Ended("it sent nonsense", of_the_file=False)
        except _Ended as problem:
            raise RuntimeError(f"The process that decodes files cannot be started: {problem}.") from None

    def ask(self, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Send a call; its answers are then received."""
        self.calls += 1
        self._send((function, arguments, options))

    def answer(self, hint: Any) -> tuple[bool, Any]:
        """The next value of type `hint`, and whether there is one; a stream has an end. Raises the child's error."""
        try:
            status = self._status()
            if status == VALUE:
                return True, plain.read(hint, self._receive, self.limits.output)
            if status == END:
                return False, None
            if status == ERROR:
                name, text = plain.read(tuple[str, str], self._receive, 0)
                raise _NoMemory if name == NO_MEMORY else _error(name, text)
        except plain.DamagedAnswer:
            pass
        finally:
            self.deadline = None
        self.end()
        raise _Ended("its decoder sent a damaged or too large answer", of_the_file=True)

    def end(self) -> None:
        """End the process now."""
        _WATCH.discard(self)
        with contextlib.suppress(OSError):
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self.process.wait()

    def too_late(self) -> None:
        """End the process because of its deadline, from another thread."""
        self._late = True
        with contextlib.suppress(OSError):
            self.process.kill()

    def _send(self, request: object) -> None:
        self.deadline = self.deadline or time.monotonic() + self.limits.wall
        view = memoryview(pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL))
        # A process that ended is noticed when its answer is missing.
        with contextlib.suppress(BrokenPipeError, OSError):
            while len(view):
                view = view[self.process.stdin.write(view) :]

    def _status(self) -> bytes:
        self.deadline = self.deadline or time.monotonic() + self.limits.wall
        status = bytearray(1)
        self._receive(memoryview(status))
        return bytes(status)

    def _receive(self, into: memoryview) -> None:
        done = 0
        while done < len(into):
            count = self.process.stdout.readinto(into[done:])
            if not count:
                self.end()
                raise self._reason()
            done += count

    def _reason(self) -> _Ended:
        if self._late:
            return _Ended(f"reading it takes longer than {self.limits.wall:.0f} s", of_the_file=True)
        code = self.process.returncode
        if code == -getattr(signal, "SIGXCPU", 0):
            return _Ended(f"reading it takes more than {self.limits.cpu} s of processor time", of_the_file=True)
        name = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else f"status {code}"
        return _Ended(f"its decoder crashed on it ({name}), so it is damaged or made to do harm", of_the_file=False)


def _error(name: str, text: str) -> LensMAEError:
    kind = getattr(errors, name, None)
    return kind(text) if isinstance(kind, type) and issubclass(kind, LensMAEError) else ImageReadError(text)


class _Watch:
    """One thread that ends processes past their deadline; clocks work on every system."""

    def __init__(self) -> None:
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.add(worker)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watch-decoders", daemon=True)
                self._thread.start()

    def discard(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)

    def _run(self) -> None:
        while True:
            with self._lock:
                late = [one for one in self._workers if one.deadline is not None and time.monotonic() > one.deadline]
            for one in late:
                one.too_late()
            time.sleep(_LOOK_S)


class _Pool:
    """Processes that wait for the next call."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self.turns = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
        # The kernel ends a child with the thread that started it, and visitors' threads end all the time.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="start-decoders")

    def take(self, limits: Limits, fresh: bool = False) -> _Worker:
        with self._lock:
            alike = [one for one in self._idle if one.limits == limits]
            if alike and not fresh:
                self._idle.remove(alike[-1])
                return alike[-1]
        return self._starter.submit(_Worker, limits).result()

    def give(self, worker: _Worker) -> None:
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


_WATCH = _Watch()
_POOL = _Pool()
atexit.register(lambda: _pool().close())


def _pool() -> _Pool:
    """The pool of this process; one that was forked off does not use its parent's."""
    global _POOL, _WATCH
    if _POOL.owner != os.getpid():
        _POOL, _WATCH = _Pool(), _Watch()
    return _POOL


def apply(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What a function of a module returns, computed in a decoding process.

    Its result must consist of plain values, arrays and dataclasses, and be annotated as such.
    Raises what it raises of LensMAE's errors, and `ImageReadError` (without the file's name) where it crashes, takes too long or
    too much memory, or raises anything else.
    """
    return apply_within(Limits(), function, *arguments, **options)


def apply_within(limits: Limits, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """As `apply`, with other limits."""
    pool = _pool()
    with pool.turns:
        worker = pool.take(limits)
        # What an earlier file did to the process must not be laid at this one's door.
        if (used := worker.calls > 0) is False:
            return _answered(pool, worker, function, arguments, options)
        try:
            return _answered(pool, worker, function, arguments, options, used)
        except _Again:
            return _answered(pool, pool.take(limits, fresh=True), function, arguments, options)


class _Again(Exception):
    """The call is worth another try, in a fresh process."""


def _answered(
    pool: _Pool,
    worker: _Worker,
    function: Callable[..., T],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    again: bool = False,
) -> T:
    with _returned(pool, worker, again):
        worker.ask(function, arguments, options)
        there, value = worker.answer(result_type(function))
        if not there:
            raise TypeError(f"{function.__qualname__} gives a stream")
        return value


@contextlib.contextmanager
def _returned(pool: _Pool, worker: _Worker, again: bool = False) -> Iterator[None]:
    """A worker goes back to the pool, unless it ended or is in an unknown state; its end becomes the file's error."""
    try:
        yield
    except LensMAEError:
        pool.give(worker)
        raise
    except _Ended as problem:
        if again and not problem.of_the_file:
            raise _Again from None
        raise ImageReadError(str(problem)) from None
    except _NoMemory:
        worker.end()
        if again:
            raise _Again from None
        raise ImageReadError(
            f"reading it takes more than {worker.limits.memory / 1e9:.2g} GB of memory; cut out the lens first"
        ) from None
    except BaseException:
        worker.end()
        raise
    else:
        pool.give(worker)


def read_file(label: str, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """As `apply`, for a function that reads one file; every `ImageReadError` names it by `label`."""
    with _named(label):
        return apply_within(Limits(), function, *arguments, **options)


def read_pieces(label: str, function: Callable[..., Iterator[T]], *arguments: Any, **options: Any) -> Iterator[T]:
    """As `read_file`, for a function that yields: one value after the other, each within the limits of a file."""
    with _named(label):
        yield from pieces(function, *arguments, **options)


def pieces(function: Callable[..., Iterator[T]], *arguments: Any, **options: Any) -> Iterator[T]:
    """As `apply`, for a function that yields. The process goes on while a value is looked at, so many small ones come fast."""
    pool = _pool()
    worker = pool.take(Limits())
    with _returned(pool, worker):
        worker.ask(function, arguments, options)
        while (answer := worker.answer(result_type(function)))[0]:
            yield answer[1]


@contextlib.contextmanager
def _named(label: str) -> Iterator[None]:
    try:
        yield
    except ImageReadError as problem:
        text = str(problem)
        # Readers name the file themselves; what ends the process does not.
        if text.startswith(label):
            raise
        raise ImageReadError(f"{label} was not read: {text.rstrip('.')}.") from None


@lru_cache(maxsize=64)
def result_type(function: Callable[..., Any]) -> Any:
    """The annotated type of a function's result; of what it yields where it is a generator."""
    hint = typing.get_type_hints(function)["return"]
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Iterator else hint
