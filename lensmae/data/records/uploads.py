"""Uploaded files of an analysis, kept in the workspace so that a reload or a link on the same server finds them again.

    analyses/ID/   record.json (names, how each file is read)   DIGEST.bin (a file's content)

Who has no link does not find an analysis: its id is random. Analyses that nobody opened for a month go.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lensmae.data.images.read_options import Reading
from lensmae.errors import LensMAEError, RecordError
from lensmae.folders import locked
from lensmae.workspace import read_json, read_only, workspace, write_json

_ID = re.compile(r"[0-9a-f]{20}")
_MOST_FILES, _MOST_BYTES = 2000, 4 << 30
_KEPT_S = 30 * 86_400.0
_PATIENCE_S = 20.0
_READING = TypeAdapter(Reading)


@dataclass(frozen=True)
class KeptFile:
    """A file of an analysis, in the shape of Streamlit's uploads.

    Attributes:
        file_id: of its name and content.
    """

    name: str
    file_id: str
    path: Path

    def getvalue(self) -> bytes:
        """Its content. Raises `RecordError` where it is gone."""
        try:
            return self.path.read_bytes()
        except OSError as problem:
            raise RecordError(f"The kept copy of {self.name} cannot be read ({problem.strerror}); upload it again.") from problem


class UploadSet:
    """Kept files and how they are read. All that changes it is one step under a lock, and safe with several visitors."""

    def __init__(self, identity: str) -> None:
        if not _ID.fullmatch(identity):
            raise RecordError("The address asks for an analysis by something that is no id of one.")
        self.identity, self._folder = identity, _folder() / identity

    @classmethod
    def new(cls) -> "UploadSet":
        """An empty one. Raises `RecordError` for a read-only dashboard."""
        if read_only():
            raise RecordError("This dashboard is read-only: it keeps no files.")
        _forget_old()
        made = cls(secrets.token_hex(10))
        made._folder.mkdir(parents=True)
        write_json(made._folder / "record.json", {"files": [], "readings": {}})
        return made

    @classmethod
    def open(cls, identity: str) -> "UploadSet":
        """One that is kept here. Raises `RecordError` where there is none of this id."""
        found = cls(identity)
        found._record()
        if not read_only():
            os.utime(found._folder)
        return found

    def files(self) -> list[KeptFile]:
        """Its files in the order in which they came."""
        return [
            KeptFile(entry["name"], entry["id"], self._folder / f"{entry['id']}.bin")
            for entry in self._record()["files"]
            if re.fullmatch(r"[0-9a-f]{32}", entry["id"])
        ]

    def add(self, name: str, content: bytes) -> str:
        """Keep a file; its id. The same file again is kept once. Raises `RecordError` where there are too many, or too large."""
        identity = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()[:32]

        def change(record: dict[str, Any]) -> None:
            if any(entry["id"] == identity for entry in record["files"]):
                return
            used = sum(path.stat().st_size for path in self._folder.glob("*.bin"))
            if len(record["files"]) >= _MOST_FILES or used + len(content) > _MOST_BYTES:
                most = f"{_MOST_FILES:,} files and {_MOST_BYTES >> 30} GiB"
                raise RecordError(f"{name} is not kept: an analysis may hold {most}. Remove some first.")
            (self._folder / f"{identity}.bin").write_bytes(content)
            record["files"].append({"name": name, "id": identity})

        self._change(change)
        return identity

    def remove(self, identities: set[str]) -> None:
        """Forget files; those that are gone already are no error."""

        def change(record: dict[str, Any]) -> None:
            for entry in record["files"]:
                if entry["id"] in identities:
                    (self._folder / f"{entry['id']}.bin").unlink(missing_ok=True)
            record["files"] = [entry for entry in record["files"] if entry["id"] not in identities]
            record["readings"] = {key: how for key, how in record["readings"].items() if key not in identities}

        self._change(change)

    def readings(self) -> dict[str, Reading]:
        """How files are read, by id, where not as usual."""
        found = {}
        for identity, how in self._record()["readings"].items():
            try:
                found[identity] = _READING.validate_python(how)
            except (ValidationError, LensMAEError):
                # Of another version: the file is read as usual.
                continue
        return found

    def read_otherwise(self, readings: dict[str, Reading]) -> None:
        """From now on, files are read so; by id."""
        made = {identity: _READING.dump_python(how, mode="json") for identity, how in readings.items()}
        self._change(lambda record: record["readings"].update(made))

    def _record(self) -> dict[str, Any]:
        if not (self._folder / "record.json").is_file():
            raise RecordError(f"The analysis {self.identity} is not kept here any more; upload its files again.")
        record = read_json(self._folder / "record.json", RecordError)
        if not isinstance(record.get("files"), list) or not isinstance(record.get("readings"), dict):
            raise RecordError(f"{self._folder / 'record.json'} is damaged; upload the files again.")
        return record

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        if read_only():
            raise RecordError("This dashboard is read-only: it keeps no files.")
        with locked(self._folder, _PATIENCE_S):
            record = self._record()
            change(record)
            write_json(self._folder / "record.json", record)


def _folder() -> Path:
    return workspace() / "analyses"


def _forget_old() -> None:
    for folder in _folder().glob("*"):
        if _ID.fullmatch(folder.name) and time.time() - folder.stat().st_mtime > _KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)
