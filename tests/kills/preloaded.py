"""The libraries that the killed commands use, and a command as a process forked from one that has imported them."""

import os
import sys
from pathlib import Path

import lensmae.training.engine  # noqa: F401 - Lightning and torch, once for all
from lensmae import cli


def command(arguments: list[str], home: str, marks: dict[str, str]) -> None:
    """Be `lensmae ARGUMENTS` in the workspace `home`; temporary files and what is printed lie beside it."""
    os.environ |= {"LENSMAE_HOME": home, "TMPDIR": str(Path(home).parent / "tmp"), "OMP_NUM_THREADS": "1"} | marks
    log = os.open(Path(home).parent / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["lensmae", *arguments]
    status: object = 1
    try:
        status = cli.main()
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.stdout.flush()
        # Joblib's own end waits for a process that a fork of `multiprocessing` never sees end.
        os._exit(status if isinstance(status, int) else int(status is not None))
