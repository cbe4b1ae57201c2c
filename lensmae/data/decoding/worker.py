"""The child's side: functions asked for by the parent, one after the other, answered in plain bytes. Run as a program."""

import inspect
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, BinaryIO

from lensmae.data.decoding import plain
from lensmae.data.decoding.limits import Limits, limit_next_file, limit_process
from lensmae.errors import LensMAEError
from lensmae.processes import killed_with_parent

READY, VALUE, ERROR, END = b"r", b"v", b"e", b"."
NO_MEMORY = "MemoryError"


def main() -> None:
    """Answer until the parent closes the pipe."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    # Libraries print; what they print is no answer.
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    parent, limits = _next(requests)
    killed_with_parent(parent)
    for name in limits.imports:
        import_module(name)
    limit_process(limits)
    answers.write(READY)
    os.dup2(nothing, 2)
    while (request := _next(requests)) is not None:
        function, arguments, options = request
        for kind, value in _results(function, arguments, options, limits):
            _send(answers, kind, value)


def _next(requests: BinaryIO) -> Any:
    # Requests come from the process that started this one, never from a file.
    try:
        return pickle.load(requests)
    except EOFError:
        return None


def _results(
    function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any], limits: Limits
) -> Iterator[tuple[bytes, Any]]:
    try:
        limit_next_file(limits)
        result = function(*arguments, **options)
        if not inspect.isgenerator(result):
            yield VALUE, result
            return
        for value in result:
            yield VALUE, value
            limit_next_file(limits)
        yield END, None
    except MemoryError:
        yield ERROR, (NO_MEMORY, "")
    except LensMAEError as problem:
        yield ERROR, (type(problem).__name__, str(problem))
    except Exception as problem:  # noqa: BLE001
        # Decoders raise anything on damaged bytes; here it has no other cause.
        yield ERROR, ("ImageReadError", f"its data are damaged ({type(problem).__name__}: {str(problem)[:300]})")


def _send(answers: BinaryIO, kind: bytes, value: Any) -> None:
    answers.write(kind)
    if kind != END:
        for piece in plain.write(value):
            view = memoryview(piece)
            while len(view):
                view = view[answers.write(view) :]


if __name__ == "__main__":
    sys.exit(main())
