"""Where LensMAE keeps data sets, runs and models, and how it writes files so that none is ever half-written."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lensmae.errors import ConfigError, LensMAEError

# Far beyond any record; a larger file is none.
_MOST_JSON = 1 << 26
SAMP = "LENSMAE_SAMP"
_TEMPORARY = re.compile(r"\..+\.(?P<machine>[0-9a-f]{8})-(?P<process>\d{1,9})-[0-9a-f]{8}\.tmp")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Letters of any script, digits, and what stands between words; nothing that is markup, or an address, anywhere.
_CLASS = re.compile(r"(?!.*www\.)[\w .,+\-/()]{1,80}", re.IGNORECASE)


@dataclass(frozen=True)
class Damaged:
    """A data set, checkpoint or run that is there and cannot be used, and why."""

    kind: str
    name: str
    reason: str


def workspace() -> Path:
    """The workspace folder: `LENSMAE_HOME` where it is set, else `./workspace`. It need not exist yet."""
    return Path(os.environ.get("LENSMAE_HOME") or "workspace").expanduser().resolve()


def datasets_dir() -> Path:
    """Folder that holds one data set a sub-folder."""
    return workspace() / "datasets"


def runs_dir() -> Path:
    """Folder that holds one training run a sub-folder."""
    return workspace() / "runs"


def models_dir() -> Path:
    """Folder of the user's own named checkpoints (`NAME.safetensors`)."""
    return workspace() / "checkpoints"


def uploads_dir() -> Path:
    """Folder of uploaded files that wait to be imported; each is removed afterwards."""
    return workspace() / "uploads"


def read_only() -> bool:
    """Whether `LENSMAE_READ_ONLY` forbids this process to spend compute for, or to write on behalf of, a visitor."""
    return os.environ.get("LENSMAE_READ_ONLY", "").strip().lower() not in ("", "0", "false", "no")


def sends_by_samp() -> bool:
    """Whether `LENSMAE_SAMP` lets visitors show images in the programs of the machine that the dashboard runs on."""
    return os.environ.get(SAMP, "").strip().lower() not in ("", "0", "false", "no")


def check_name(name: str, what: str) -> str:
    """Return `name` if it is safe as a file name inside the workspace, else raise `ConfigError`."""
    # What begins like an address would become a link wherever a name is shown.
    if not _NAME.fullmatch(name) or ".." in name or name.lower().startswith("www."):
        raise ConfigError(
            f"{name!r} cannot name a {what}: use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit."
        )
    return name


def check_class_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of classes if none of them is markup or an address anywhere, else raise `ValueError`."""
    if odd := [name for name in names if not _CLASS.fullmatch(name)]:
        raise ValueError(f"{odd[0][:80]!r} is no name of a class")
    return names


@contextlib.contextmanager
def _making(folder: Path) -> Iterator[None]:
    """Make a folder with those above it; where anything is raised, those that are new go again if they are empty."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        # What somebody else has put into one meanwhile stays.
        with contextlib.suppress(OSError):
            for one in new:
                one.rmdir()
        raise


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it is renamed onto `path` in one step, on failure removed. What killed
    processes of this machine left there is removed first."""
    with _making(path.parent):
        _sweep(path.parent, os.getpid())
        temporary = path.with_name(f".{path.name}.{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.tmp")
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write several files, all or none: a full disk in between leaves those that were there before."""
    with contextlib.ExitStack() as whole:
        for path, content in contents.items():
            whole.enter_context(replacing(path)).write_bytes(content)


@cache
def _machine() -> str:
    """What tells this machine, and the container on it, from others that share the workspace; a number names a process there."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


@cache
def _sweep(folder: Path, _owner: int) -> None:
    """Remove temporary files of dead processes of this machine, once a folder and process."""
    import psutil  # Commands that write nothing do not wait for it.

    # Housekeeping: where it fails, new work goes on all the same.
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            left = _TEMPORARY.fullmatch(entry.name)
            if left and left["machine"] == _machine() and not psutil.pid_exists(int(left["process"])):
                os.unlink(entry.path)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON to `path` atomically."""
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """A record as `write_json` writes it."""
    return json.dumps(value, indent=2) + "\n"


def read_json(path: Path, error: type[LensMAEError]) -> dict[str, Any]:
    """Read a JSON object; raise `error` with the file's name where it is missing or damaged."""
    try:
        if not path.is_file():
            raise FileNotFoundError
        if path.stat().st_size > _MOST_JSON:
            raise error(f"{path} has {path.stat().st_size / 1e6:,.0f} MB, which no record has.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error(f"{path} does not exist.") from None
    except RecursionError:
        raise error(f"{path} cannot be read as JSON: it is nested too deep.") from None
    except (OSError, ValueError) as problem:
        raise error(f"{path} cannot be read as JSON: {problem}.") from problem
    if not isinstance(value, dict):
        raise error(f"{path} holds {type(value).__name__}, not a JSON object.")
    return value
