"""Lists of the lenses of a split beside them: a text or table a split (`test.txt`), or all of them in a JSON or YAML file."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lensmae.data.exchange.given_splits import split_of_indices, stricter
from lensmae.data.exchange.names import split_and_rest, split_name, words
from lensmae.data.exchange.tables.frames import MAPPINGS, read_frame, read_mapping
from lensmae.data.exchange.tables.lens_names import LensNames

# Lists of the lenses of one split may be plain texts.
LISTS = (".parquet", ".jsonl", ".ndjson", ".npy", ".csv", ".tsv", ".txt", ".lst", ".list", ".dat")
_COLUMNS = frozenset(("file", "files", "filename", "file_name", "image", "path", "id", "name", "object_id", "lens", "object"))
# Words of the names of lists whose entries may be numbers alone; those of a log of training are epochs.
_OF_NUMBERS = frozenset(
    ("id", "ids", "idx", "idxs", "index", "indices", "inds", "list", "files", "filenames", "names", "set", "split", "lenses",
     "images", "objects", "numbers")
)  # fmt: skip
_OF_LISTS = _OF_NUMBERS | {"splits", "folds", "fold", "partition", "partitions"}
_DEEPEST = 4
_FOLD = re.compile(r"(?i)(?:^|[^a-z])((?:k?fold|cv)[_-]?\d+)")


@dataclass(frozen=True)
class _List:
    """A list of the lenses of one split.

    Attributes:
        values: names or numbers.
        numbers: whether numbers alone may name lenses.
        fold: of a cross-validation, where there may be several; "" for a list that stands alone.
    """

    split: str
    values: list[object]
    numbers: bool
    fold: str = ""


@dataclass(frozen=True)
class Listed:
    """What lists say.

    Attributes:
        splits: by the index of a lens the split whose list names it. One in two lists is held out.
        files: that were used.
        folds: how many splits of a cross-validation there are; what the first says is in `splits`.
    """

    splits: dict[int, str]
    files: list[Path]
    folds: int = 1


def listed_splits(paths: Sequence[Path], lenses: Sequence[str], splits: Sequence[str]) -> Listed:
    """The splits of lenses that lists name.

    Args:
        paths: files that may be lists.
        lenses: paths of files, or of the folders of lenses that have one each.
        splits: of each lens, "" where no folder says it.
    """
    names, used = LensNames(lenses), []
    found: list[tuple[_List, list[int]]] = []
    for path in paths if names else ():
        here = [(one, names.indices(one.values, one.numbers)) for one in _lists(path, splits)]
        found += here
        used += [path] if any(indices for _, indices in here) else []
    kept, folds = _first_fold(found)
    listed: dict[int, str] = {}
    for one, indices in kept:
        listed |= {index: stricter(one.split, listed.get(index, "")) for index in indices}
    if set(listed.values()) == {"train"} and len(listed) == len(lenses):
        # A list of all lenses holds none out.
        return Listed({}, [])
    return Listed(listed, used, folds)


def _first_fold(found: list[tuple[_List, list[int]]]) -> tuple[list[tuple[_List, list[int]]], int]:
    """The lists that hold together, and how many folds of a cross-validation there are: where what one holds out is for training
    in another, the first counts, and the lists that are of none."""
    sides = {(one.fold, one.split == "train") for one, _ in found}
    folds = [fold for fold in dict.fromkeys(one.fold for one, _ in found) if fold and {(fold, True), (fold, False)} <= sides]
    trained = {(one.fold, index) for one, indices in found if one.split == "train" for index in indices}
    held_out = [(one.fold, index) for one, indices in found if one.split != "train" for index in indices]
    if not any((other, index) in trained for fold, index in held_out if fold in folds for other in folds if other != fold):
        return found, 1
    return [(one, indices) for one, indices in found if one.fold not in folds[1:]], len(folds)


def listed_indices(folder: Path) -> dict[str, np.ndarray]:
    """By split, the indices of lenses that lists in a folder name: numbers alone, beside a stack; of several folds the first."""
    found: list[tuple[_List, list[int]]] = []
    for path in sorted(folder.iterdir()):
        for one in _lists(path, ()) if split_of_indices(path.stem) or path.suffix.lower() in MAPPINGS else ():
            found += _as_indices(one)
    return _by_split(found)


def indices_in(text: str) -> dict[str, np.ndarray]:
    """By split, the indices of lenses that a JSON text lists; nothing of another text."""
    try:
        found = list(_entries(json.loads(text), "/", 0))
    except (ValueError, RecursionError):
        return {}
    return _by_split([pair for one in found for pair in _as_indices(one)])


def _as_indices(one: _List) -> list[tuple[_List, list[int]]]:
    """A list and the indices in it, where it holds nothing else."""
    texts = [str(value).strip().removesuffix(".0") for value in one.values]
    return [(one, list(map(int, texts)))] if texts and all(text.isdigit() and len(text) < 10 for text in texts) else []


def _by_split(found: list[tuple[_List, list[int]]]) -> dict[str, np.ndarray]:
    kept: dict[str, list[int]] = {}
    for one, indices in _first_fold(found)[0]:
        kept.setdefault(one.split, []).extend(indices)
    return {split: np.array(indices) for split, indices in kept.items()}


def _lists(path: Path, splits: Sequence[str]) -> Iterator[_List]:
    if path.suffix.lower() in MAPPINGS:
        yield from _in_mapping(path)
    fold = _FOLD.search(path.stem)
    stem = path.stem.replace(fold[1], "") if fold else path.stem
    split = split_and_rest(stem.strip("_-"))[0] if path.suffix.lower() in (*LISTS, *MAPPINGS) else ""
    if not split or split in splits:
        return
    frame = read_frame(path, header=False)
    rest = {word.lower() for word in words(stem) if not split_name(word)}
    for column in () if frame is None else frame.columns:
        head, *values = [str(value).strip() for value in frame[column]] or [""]
        named = head.lower() in _COLUMNS
        numbers = named or (rest <= _OF_NUMBERS and len(frame.columns) == 1)
        yield _List(split, list(values) if named else [head, *values], numbers, fold[1].lower() if fold else "")


def _in_mapping(path: Path) -> Iterable[_List]:
    """Lists by the names of splits, as deep as `{"splits": {"train": [...]}}`; what lies beside each other in several places may
    be folds."""
    found = list(_entries(read_mapping(path), "/", 0))
    # Numbers under the name of one split alone may be settings, unless the file is named for lists.
    listing = not _OF_LISTS.isdisjoint(word.lower() for word in words(path.stem))
    sides = {place: {one.split for one in found if one.fold == place} for place in {one.fold for one in found}}
    return [replace(one, numbers=listing or len(sides[one.fold]) > 1) for one in found]


def _entries(content: object, place: str, depth: int) -> Iterator[_List]:
    if depth >= _DEEPEST or not isinstance(content, Mapping | list):
        return
    inner = content.items() if isinstance(content, Mapping) else enumerate(content)
    for key, value in inner:
        split = split_and_rest(key)[0] if isinstance(key, str) else ""
        if split and isinstance(value, list) and all(isinstance(one, str | int) for one in value):
            yield _List(split, value, True, place)
        elif isinstance(value, Mapping | list):
            yield from _entries(value, f"{place}{key}/", depth + 1)
