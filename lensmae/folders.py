"""Folders that appear whole or not at all, and locks on them that end with their process."""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from lensmae.errors import DatasetError
from lensmae.workspace import datasets_dir


@contextlib.contextmanager
def locked(folder: Path, patience_s: float = 0.0) -> Iterator[None]:
    """Hold a folder for this process; the lock ends with the process, however it ends.

    Args:
        patience_s: wait so long for another holder.

    Raises `BlockingIOError` where another process, or another thread of this one, holds it still.
    """
    try:
        import fcntl
    except ImportError:
        # Windows has no such lock; two writers of one name at once are then the user's to avoid.
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    until = time.monotonic() + patience_s
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Give an empty folder beside `final` to write into. At the end it is renamed to `final` in one step, unless the caller has
    moved it already; where anything is raised, it is removed. What killed processes left beside `final` is removed first.

    Raises `DatasetError` where `final` exists at the end and is not an empty folder.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    _sweep(final)
    token = secrets.token_hex(4)
    # Found by `_sweep` under its second name only, when it is held.
    unheld, partial = (final.with_name(f".{final.name}.{token}.{ending}") for ending in ("begun", "partial"))
    unheld.mkdir()
    with locked(unheld):
        os.rename(unheld, partial)
        try:
            yield partial
            if partial.exists():
                _rename(partial, final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _rename(partial: Path, final: Path) -> None:
    try:
        os.rename(partial, final)
    except OSError:
        if not final.exists():
            raise
        raise DatasetError(f"{final} was made by somebody else meanwhile; choose another name.") from None


def _sweep(final: Path) -> None:
    """Remove half-written folders that nobody holds: in the workspace all, elsewhere those of this name."""
    pattern = ".*.partial" if final.parent == datasets_dir() else f".{final.name}.*.partial"
    for folder in final.parent.glob(pattern):
        with contextlib.suppress(BlockingIOError, FileNotFoundError), locked(folder):
            shutil.rmtree(folder)
