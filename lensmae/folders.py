"""Folders that appear whole or not at all, and locks on them that end with their process."""

import contextlib
import errno
import glob
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from lensmae.errors import DatasetError
from lensmae.workspace import datasets_dir

_PATIENCE_S = 10.0
_OURS = re.compile(r"\.(?P<name>.+)\.(?P<host>[0-9a-f]{8})-[0-9a-f]{8}\.partial")


@contextlib.contextmanager
def locked(folder: Path, patience_s: float = 0.0) -> Iterator[bool]:
    """Hold a folder or a file for this process; the lock ends with the process, however it ends. Gives whether there is a lock:
    some file systems, and Windows, have none, and two writers of one name at once are then the user's to avoid.

    Args:
        folder: folder or file.
        patience_s: wait so long for another holder.

    Raises `BlockingIOError` where another process, or another thread of this one, holds it still.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    # NFS gives an exclusive lock only to who may write.
    handle = os.open(folder, os.O_RDONLY if folder.is_dir() else os.O_RDWR)
    try:
        yield _hold(handle, fcntl, time.monotonic() + patience_s)
    finally:
        os.close(handle)


def _hold(handle: int, fcntl, until: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.02)
        except OSError:
            # NFS locks files only.
            return False


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Give an empty folder beside `final` to write into. At the end it is renamed to `final` in one step, unless the caller has
    moved it there already; where anything is raised, it is removed. What killed processes of this machine left beside `final` is
    removed first.

    Raises `DatasetError` where `final` exists at the end and is not an empty folder, or what was written is gone.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    partial = final.with_name(f".{final.name}.{_host()}-{secrets.token_hex(4)}.partial")
    with contextlib.ExitStack() as held:
        with locked(final.parent, _PATIENCE_S):
            _sweep(final)
            partial.mkdir()
            held.enter_context(locked(partial))
        made = partial.stat().st_ino
        try:
            with full_disk_said(final.name):
                yield partial
            if not _is(final, made):
                _rename(partial, final, made)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def rename_whole(folder: Path, final: Path) -> None:
    """Give a folder its final name. Raises `DatasetError` where somebody else has made one of that name that is not empty."""
    try:
        os.rename(folder, final)
    except OSError as problem:
        if problem.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        raise DatasetError(f"{final.name!r} was made by somebody else meanwhile; choose another name.") from None


def disk_is_full(problem: OSError) -> bool:
    """Whether something could not be written because there is no room for it, or none is allowed."""
    # NumPy gives no number: "4096 requested and 1234 written".
    short = problem.errno is None and "written" in str(problem)
    return short or problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def may_not_write(problem: OSError) -> bool:
    """Whether something could not be written because it is not ours to write, or on a disk that is only to be read."""
    return problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS)


def said_plainly(problem: OSError) -> str:
    """What an error of the file system means, and what to do."""
    if disk_is_full(problem):
        said = problem.strerror or str(problem)
        return f"There is no room on the disk ({said}). What was there is whole; make room and start again."
    if problem.errno == errno.ENOENT and "temporary directory" in str(problem):
        # Python tries to write into each folder that it knows, and says nothing of why it could not.
        return "No folder for temporary files has room and may be written to. Make room, or set TMPDIR to one that has and may."
    if may_not_write(problem):
        return (
            f"{problem.filename or 'A file'} may not be read or written ({problem.strerror}). Choose another place, or set "
            "LENSMAE_HOME to a workspace that you may write to."
        )
    return str(problem)


@contextlib.contextmanager
def full_disk_said(name: str) -> Iterator[None]:
    """A full disk inside becomes a `DatasetError` that says what to do."""
    try:
        yield
    except OSError as problem:
        if not disk_is_full(problem):
            raise
        said = problem.strerror or str(problem)
        raise DatasetError(
            f"There is no room on the disk for {name!r} ({said}); nothing of it was kept. Make room and start again."
        ) from None


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is(folder: Path, made: int) -> bool:
    return folder.exists() and folder.stat().st_ino == made


def _rename(partial: Path, final: Path, made: int) -> None:
    if not _is(partial, made):
        raise DatasetError(f"What was written for {final.name!r} was removed meanwhile by somebody else; start again.")
    with contextlib.suppress(OSError):
        # Windows renames onto nothing, not even onto an empty folder.
        final.rmdir()
    rename_whole(partial, final)


def _sweep(final: Path) -> None:
    """Remove half-written folders of this machine that nobody holds: in the workspace all, elsewhere those of this name."""
    pattern = ".*.partial" if final.parent == datasets_dir() else f".{glob.escape(final.name)}.*.partial"
    for folder in final.parent.glob(pattern):
        ours = _OURS.fullmatch(folder.name)
        if ours is None or ours["host"] != _host() or not (final.parent == datasets_dir() or ours["name"] == final.name):
            continue
        # Housekeeping: where it fails, new work goes on all the same.
        with contextlib.suppress(OSError), locked(folder) as held:
            if held:
                shutil.rmtree(folder, ignore_errors=True)
