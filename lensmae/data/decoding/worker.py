"""The child's side: functions asked for by the parent, one after the other, answered in plain bytes. Run as a program."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, BinaryIO

from lensmae.data.decoding import plain
from lensmae.data.decoding.functions import find, parameters
from lensmae.data.decoding.limits import Limits, limit_next_file, limit_process
from lensmae.errors import LensMAEError
from lensmae.processes import killed_with_parent

READY, VALUE, ERROR, END = b"r", b"v", b"e", b"."
NO_MEMORY = "MemoryError"


def main() -> None:
    """Answer until the parent closes the pipe."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    # Libraries print; what they print is no answer.
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    receive = _receiver(requests)
    parent, limits = plain.read(tuple[int, Limits], receive, 0)
    killed_with_parent(parent)
    for name in limits.imports:
        import_module(name)
    limit_process(limits)
    _send(answers, READY)
    os.dup2(nothing, 2)
    try:
        while True:
            name, arguments = plain.read_call(lambda name: parameters(find(name)), receive)
            for kind, pieces in _results(find(name), arguments, limits):
                _send(answers, kind, *pieces)
    except EOFError:
        return


def _receiver(requests: BinaryIO) -> plain.Receive:
    def receive(into: memoryview) -> None:
        done = 0
        while done < len(into):
            count = requests.readinto(into[done:])
            if not count:
                raise EOFError
            done += count

    return receive


def _results(
    function: Callable[..., Any], arguments: dict[str, Any], limits: Limits
) -> Iterator[tuple[bytes, list[plain.Piece]]]:
    """What is sent of a call: kinds of answers and their bytes."""
    try:
        limit_next_file(limits)
        result = function(**arguments)
        if not inspect.isgenerator(result):
            yield VALUE, plain.write(result)
            return
        for value in result:
            yield VALUE, plain.write(value)
            limit_next_file(limits)
        yield END, []
    except MemoryError:
        yield ERROR, plain.write((NO_MEMORY, ""))
    except LensMAEError as problem:
        yield ERROR, plain.write((type(problem).__name__, str(problem)))
    except Exception as problem:  # noqa: BLE001
        # Decoders raise anything on damaged bytes; here it has no other cause.
        text = f"its data are damaged ({type(problem).__name__}: {str(problem)[:300]})"
        yield ERROR, plain.write(("ImageReadError", text))


def _send(answers: BinaryIO, *pieces: plain.Piece) -> None:
    answers.writelines(pieces)
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
