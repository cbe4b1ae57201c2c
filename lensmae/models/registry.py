"""Which checkpoints there are, and what a name means."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from lensmae.errors import CheckpointError, ConfigError
from lensmae.models.checkpoint import CheckpointCard, read_card
from lensmae.shipped import CHECKPOINTS
from lensmae.workspace import Damaged, check_name, models_dir, runs_dir

PRODUCT = "model.safetensors"
# The reference of a checkpoint (`lensmae.evaluation.ood.references`) lies beside it under this ending.
REFERENCE = ".reference.safetensors"


@dataclass(frozen=True)
class CheckpointEntry:
    """A checkpoint that can be chosen by `name`."""

    name: str
    path: Path
    card: CheckpointCard
    origin: Literal["shipped", "workspace", "run"]


def reference_path(checkpoint: Path) -> Path:
    """Where the reference of a checkpoint file lies."""
    return checkpoint.with_name(checkpoint.stem + REFERENCE)


def _named(folder: Path) -> list[Path]:
    paths = [path for path in folder.glob("*.safetensors") if not path.name.endswith(REFERENCE)]
    # By name: as paths, `mae-no-sub.safetensors` would come before `mae.safetensors`, and the first is what pages open with.
    return sorted(paths, key=lambda path: path.stem)


def _candidates() -> list[tuple[str, Path, Literal["shipped", "workspace", "run"]]]:
    found = [(path.stem, path, "shipped") for path in _named(CHECKPOINTS)]
    found += [(path.stem, path, "workspace") for path in _named(models_dir())]
    return found + [(path.parent.name, path, "run") for path in sorted(runs_dir().glob(f"*/{PRODUCT}"))]


def list_checkpoints() -> list[CheckpointEntry]:
    """All readable checkpoints: shipped, the workspace's own, products of runs. Where two share a name, the first is meant."""
    return [entry for entry in _looked_through() if isinstance(entry, CheckpointEntry)]


def damaged_checkpoints() -> list[Damaged]:
    """Checkpoint files that cannot be used, with the reason."""
    return [entry for entry in _looked_through() if isinstance(entry, Damaged)]


def _looked_through() -> Iterator[CheckpointEntry | Damaged]:
    seen: set[str] = set()
    for name, path, origin in _candidates():
        if name in seen:
            continue
        try:
            check_name(name, "checkpoint")
            entry = CheckpointEntry(name, path, _card(path), origin)
        except (CheckpointError, ConfigError) as problem:
            yield Damaged("checkpoint", name.encode("utf-8", "backslashreplace").decode(), str(problem))
        else:
            seen.add(name)
            yield entry


def _card(path: Path) -> CheckpointCard:
    """The card of a checkpoint file, read again only where the file has changed: every run of a page asks for all of them."""
    facts = path.stat() if path.is_file() else None
    return read_card(path) if facts is None else _read_once(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=256)
def _read_once(path: Path, modified: int, size: int) -> CheckpointCard:
    return read_card(path)


def find_checkpoint(reference: str | Path) -> Path:
    """Path of a checkpoint given by name, run id or path. Raises `CheckpointError` with what there is instead."""
    for name, path, _ in _candidates():
        if name == str(reference):
            return path
    path = Path(reference)
    if path.is_dir() and (path / PRODUCT).is_file():
        return path / PRODUCT
    if path.is_file():
        return path
    if (runs_dir() / str(reference)).is_dir() and str(reference) not in ("", ".", ".."):
        raise CheckpointError(f"Run {reference} has no finished model yet; follow it with `lensmae runs`.")
    known = ", ".join(entry.name for entry in list_checkpoints()) or "none yet"
    raise CheckpointError(
        f"There is no checkpoint {str(reference)!r}. Known names: {known}; a path to a .safetensors file also works."
    )
