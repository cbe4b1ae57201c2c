"""Arrays kept on disk by the content that they were computed from."""

import contextlib
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from lensmae.workspace import read_only, replacing, workspace


def kept_path(kind: str, identity: list[str | bytes | memoryview]) -> Path:
    """Where the array of this kind and content lies, or would lie."""
    return kept_folder(kind) / kept_name(identity)


def kept_folder(kind: str) -> Path:
    """Folder of the arrays of a kind."""
    return workspace() / "cache" / kind


def kept_name(identity: list[str | bytes | memoryview]) -> str:
    """File name of an array of this content."""
    digest = hashlib.sha256()
    for part in identity:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return f"{digest.hexdigest()}.npy"


def kept(path: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """The array kept at `path`, memory-mapped, or a fresh one, which is then kept; a read-only dashboard keeps nothing."""
    # What is kept can be computed again: neither a damaged file nor a workspace that cannot be written stands in the way.
    with contextlib.suppress(OSError, ValueError, EOFError):
        return np.load(path, mmap_mode="r", allow_pickle=False)
    result = compute()
    if not read_only():
        with contextlib.suppress(OSError), replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, result, allow_pickle=False)
    return result


def file_digest(path: Path) -> str:
    """SHA-256 of a file; read once as long as its time and size stay."""
    facts = path.stat()
    return _file_digest(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _file_digest(path: Path, modified: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
