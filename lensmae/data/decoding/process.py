"""One decoding process as its parent holds it: it is asked, answers, and is ended when it is late."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lensmae import errors
from lensmae.data.decoding import plain
from lensmae.data.decoding.functions import name_of, parameters
from lensmae.data.decoding.limits import Limits
from lensmae.data.decoding.worker import END, ERROR, NO_MEMORY, READY, VALUE
from lensmae.errors import ImageReadError, LensMAEError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_START_S = 60.0
_LOOK_S = 0.25
_BUFFER = 1 << 16
# An image of 400x400 fits, so that the process goes on while its answer waits.
_PIPE = 1 << 20
_ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from lensmae.data.decoding.worker import main; main()"
# One thread each: the file is small, and threads' stacks count as memory.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_ENVIRONMENT = dict.fromkeys(_THREADS, "1") | {"MALLOC_ARENA_MAX": "2"}


class Ended(Exception):
    """The process ended, or was ended, in the middle of an answer."""

    def __init__(self, reason: str, of_the_file: bool) -> None:
        super().__init__(reason)
        self.of_the_file = of_the_file


class NoMemory(Exception):
    """The process had not enough memory for an answer, and lives on."""


def call(function: Callable[..., Any], arguments: Sequence[Any], options: dict[str, Any]) -> list[plain.Piece]:
    """The bytes of a request."""
    named = dict(zip(parameters(function), arguments, strict=False)) | options
    return plain.write([name_of(function), list(named.items())])


class Worker:
    """A decoding process. `deadline` is when it is ended, by `time.monotonic`; None where nobody waits for it."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.calls, self.deadline, self._late = limits, 0, time.monotonic() + _START_S, False
        command = [sys.executable, "-P", "-c", _PROGRAM.format(root=str(_ROOT))]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=_BUFFER, env=os.environ | _ENVIRONMENT
        )
        # Where a user has too many large pipes, this one stays as it is.
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
        watch.add(self)
        try:
            self._send(plain.write((os.getpid(), limits)))
            if self._status() != READY:
                raise Ended("it sent nonsense", of_the_file=False)
        except Ended as problem:
            raise RuntimeError(f"The process that decodes files cannot be started: {problem}.") from None
        self.deadline = None

    def ask(self, request: list[plain.Piece]) -> None:
        """Send a `call`; its answers are then received."""
        self.calls += 1
        self._send(request)

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
                raise NoMemory if name == NO_MEMORY else _error(name, text)
        except plain.DamagedAnswer as problem:
            raise self._damaged() from problem
        finally:
            self.deadline = None
        raise self._damaged()

    def _damaged(self) -> Ended:
        """What to raise of a child whose answers can no longer be trusted, which is ended."""
        self.end()
        return Ended("its decoder sent a damaged or too large answer", of_the_file=True)

    def end(self) -> None:
        """End the process now."""
        watch.discard(self)
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

    def _send(self, pieces: list[plain.Piece]) -> None:
        self.deadline = self.deadline or time.monotonic() + self.limits.wall
        # A process that ended is noticed when its answer is missing.
        with contextlib.suppress(OSError):
            self.process.stdin.writelines(pieces)
            self.process.stdin.flush()

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

    def _reason(self) -> Ended:
        if self._late:
            return Ended(f"reading it takes longer than {self.limits.wall:.0f} s", of_the_file=True)
        code = self.process.returncode
        if code == -getattr(signal, "SIGXCPU", 0):
            return Ended(f"reading it takes more than {self.limits.cpu} s of processor time", of_the_file=True)
        name = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else f"status {code}"
        return Ended(f"its decoder crashed on it ({name}), so it is damaged or made to do harm", of_the_file=False)


def _error(name: str, text: str) -> LensMAEError:
    kind = getattr(errors, name, None)
    return kind(text) if isinstance(kind, type) and issubclass(kind, LensMAEError) else ImageReadError(text)


class _Watch:
    """One thread that ends processes past their deadline; clocks work on every system."""

    def __init__(self) -> None:
        self._workers: set[Worker] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def renew(self) -> None:
        """Forget everything: after a fork, processes and the thread are the parent's."""
        self.__init__()

    def add(self, worker: Worker) -> None:
        with self._lock:
            self._workers.add(worker)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watch-decoders", daemon=True)
                self._thread.start()

    def discard(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)

    def _run(self) -> None:
        while True:
            with self._lock:
                late = [one for one in self._workers if one.deadline is not None and time.monotonic() > one.deadline]
            for one in late:
                one.too_late()
            time.sleep(_LOOK_S)


watch = _Watch()
