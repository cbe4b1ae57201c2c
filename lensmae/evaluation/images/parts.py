"""Answers for more image files than one machine, or one sitting, takes: in parts, a Parquet file each, on other processes.

A part is named by what it is computed from: a command that is repeated computes what is missing, and one that was killed goes on.
"""

import hashlib
from concurrent.futures import Executor
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from lensmae.data.images.read_options import Reading
from lensmae.errors import ConfigError
from lensmae.evaluation.array_cache import file_digest
from lensmae.evaluation.images.analyse import Networks, analyse_files
from lensmae.evaluation.images.answers import table
from lensmae.evaluation.images.networks import load_networks
from lensmae.evaluation.images.shards import ENDINGS, Member, is_shard, members
from lensmae.evaluation.images.sources import Entry, Lenses, without_companions
from lensmae.parts import completed
from lensmae.progress import Progress
from lensmae.workspace import replacing

# Files a part: what is lost with a worker.
_PART = 256
_LISTS = (".txt", ".csv", ".parquet")


@dataclass(frozen=True)
class Names:
    """Networks by name, run id or path, as `load_networks` takes them; paths must be seen by every process."""

    classifier: str
    mae: str
    superres: str


def listed_files(given: list[Path]) -> list[Entry]:
    """Image files of paths: files themselves, all that can be read below a folder, those that a list names, those in an archive.

    Args:
        given: images, folders, tar archives (WebDataset's shards), and lists: a path a line in .txt, a column `file` in .csv and
            .parquet; relative paths begin at the list.
            What is no such list is taken for an image, which the reader then refuses in its words.
    """
    return [file for path in given for file in _files_of(path)]


def _files_of(path: Path) -> list[Entry]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and file.name.lower().endswith((*ENDINGS, ".tar")))
        return [one for file in found for one in (members(file) if is_shard(file) else [file])]
    if is_shard(path) and path.is_file():
        return list(members(path))
    named = _named(path) if path.suffix.lower() in _LISTS and path.is_file() else []
    return [path.parent / name for name in named] or [path]


def _named(path: Path) -> list[str]:
    """The paths of a list; none where it is no list."""
    if path.suffix.lower() == ".txt":
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return lines if lines and (path.parent / lines[0]).is_file() else []
    try:
        found = pd.read_csv(path, usecols=["file"]) if path.suffix.lower() == ".csv" else pd.read_parquet(path, columns=["file"])
    except (KeyError, ValueError, OSError):
        return []
    return [str(name) for name in found["file"]]


def answer_in_parts(
    files: list[Entry], names: Names, how: Reading, folder: Path, executor: Executor, progress: Progress | None = None
) -> list[Path]:
    """Answer for files and write `folder`/part-N-CONTENT.parquet, the table of `answers.table`; parts that are there are kept.

    Args:
        files: images, every lens of a stack among them.
        names: of the networks.
        how: how files are read.
        folder: where parts go; seen by all processes.
        executor: processes of this machine or of a cluster.
        progress: called with (files done, files in all).

    Returns:
        The parts in the order of the files.
    """
    if not files:
        raise ConfigError("There are no image files to answer for.")
    folder.mkdir(parents=True, exist_ok=True)
    own = [one if isinstance(one, Member) else one.absolute() for one in without_companions(files)]
    networks = load_networks(*astuple(names))
    identity = repr((how, sorted((kind, file_digest(model.path)) for kind, model in networks.loaded().items())))
    parts = [own[start : start + _PART] for start in range(0, len(own), _PART)]
    paths = [folder / f"part-{index:06}-{_content(part, identity)}.parquet" for index, part in enumerate(parts)]
    missing = [index for index, path in enumerate(paths) if not path.is_file()]
    done = sum(len(part) for part, path in zip(parts, paths, strict=True) if path.is_file())
    calls = [(parts[index], names, how, str(paths[index].absolute())) for index in missing]
    for place, _ in completed(executor, answer_part, calls):
        done += len(parts[missing[place]])
        if progress is not None:
            progress(done, len(own))
    return paths


def _content(files: list[Entry], identity: str) -> str:
    digest = hashlib.sha256(identity.encode())
    for file in files:
        source = file.source if isinstance(file, Member) else file
        facts = source.stat() if source.exists() else None
        digest.update(f"{file}\0{facts and (facts.st_size, facts.st_mtime_ns)}\0".encode())
    return digest.hexdigest()[:16]


def answer_part(files: list[Entry], names: Names, how: Reading, path: str) -> None:
    """Answer for some files, as a process of a cluster is asked to.

    Args:
        files: images.
        names: of the networks.
        how: how files are read.
        path: the Parquet file, written whole or not at all.
    """
    answers = list(analyse_files(Lenses(files, how).sources(), _networks(names)))
    with replacing(Path(path)) as temporary:
        table(answers).to_parquet(temporary, index=False)


@lru_cache(maxsize=1)
def _networks(names: Names) -> Networks:
    return load_networks(*astuple(names))
