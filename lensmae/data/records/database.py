"""The SQLite file of a workspace for what visitors keep. Every change is one transaction of a connection of its own."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from lensmae.errors import RecordError
from lensmae.workspace import read_only, workspace

_VERSION = 1
# So long a change waits for those of other visitors.
_WAIT_S = 20.0
_SCHEMA = """
CREATE TABLE marks (
    id INTEGER PRIMARY KEY, sample TEXT NOT NULL, item TEXT NOT NULL, label TEXT NOT NULL, grader TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('grade', 'tag', 'untag', 'note')), value TEXT NOT NULL, made TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX marks_of_sample ON marks (sample, item);
CREATE TABLE views (name TEXT PRIMARY KEY, page TEXT NOT NULL, address TEXT NOT NULL, made TEXT NOT NULL);
"""


def records_path() -> Path:
    """The file."""
    return workspace() / "records.sqlite"


@contextlib.contextmanager
def changing() -> Iterator[sqlite3.Connection]:
    """A connection in a transaction that is kept where the block ends well, and undone where it raises.

    Raises `RecordError` for a read-only dashboard, and where the file is damaged, cannot be written, or stays locked.
    """
    if read_only():
        raise RecordError("This dashboard is read-only: it keeps no grades, notes or views.")
    path = records_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _plain(path), contextlib.closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _prepare(connection, path)
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextlib.contextmanager
def reading() -> Iterator[sqlite3.Connection | None]:
    """A connection that only reads; None where nothing was kept yet. Raises `RecordError`."""
    path = records_path()
    if not path.is_file() or path.stat().st_size == 0:
        yield None
        return
    with _plain(path), contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as connection:
        _check_version(connection, path)
        yield connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    _check_version(connection, path)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != _VERSION:
        raise RecordError(
            f"{path} was written by another version of LensMAE (format {version}, here {_VERSION}); update LensMAE."
        )


@contextlib.contextmanager
def _plain(path: Path) -> Iterator[None]:
    """SQLite's errors in a sentence."""
    try:
        yield
    except sqlite3.Error as problem:
        what = "is locked by another process; try again in a moment" if "locked" in str(problem) else f"cannot be used: {problem}"
        raise RecordError(f"{path}, which holds grades, notes and saved views, {what}.") from problem
