"""Lists of the lenses of a split beside them: a text or table a split (`test.txt`), or all of them in a JSON file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.given_splits import split_of_indices, stricter
from lensmae.data.exchange.names import split_and_rest, split_name, words
from lensmae.data.exchange.tables.lens_names import LensNames

# Lists of the lenses of one split may be plain texts.
LISTS = (".csv", ".tsv", ".txt", ".lst", ".list", ".dat")
_COLUMNS = frozenset(("file", "files", "filename", "file_name", "image", "path", "id", "name", "object_id", "lens", "object"))
# Words of the names of lists whose entries may be numbers alone; those of a log of training are epochs.
_OF_NUMBERS = frozenset(
    ("id", "ids", "idx", "idxs", "index", "indices", "inds", "list", "files", "filenames", "names", "set", "split", "lenses",
     "images", "objects", "numbers")
)  # fmt: skip
_LARGEST = 1 << 26
_DEEPEST = 4


def listed_splits(paths: Sequence[Path], lenses: Sequence[str], splits: Sequence[str]) -> tuple[dict[int, str], list[Path]]:
    """By the index of a lens the split whose list names it, and the files that were used. One in two lists is held out.

    Args:
        paths: files that may be lists.
        lenses: paths of files, or of the folders of lenses that have one each.
        splits: of each lens, "" where no folder says it.
    """
    names, listed, used = LensNames(lenses), {}, []
    for path in paths if names else ():
        found = [(split, names.indices(values, numbers)) for split, values, numbers in _lists(path, splits)]
        for split, here in found:
            listed |= {index: stricter(split, listed.get(index, "")) for index in here}
        used += [path] if any(here for _, here in found) else []
    if set(listed.values()) == {"train"} and len(listed) == len(lenses):
        # A list of all lenses holds none out.
        return {}, []
    return listed, used


def listed_indices(folder: Path) -> dict[str, np.ndarray]:
    """By split, the indices of lenses that lists in a folder name: numbers alone, beside a stack."""
    found: dict[str, np.ndarray] = {}
    for path in sorted(folder.iterdir()):
        for split, values, _ in _lists(path, ()) if split_of_indices(path.stem) or path.suffix.lower() == ".json" else ():
            texts = [str(value).strip().removesuffix(".0") for value in values]
            if texts and all(text.isdigit() and len(text) < 10 for text in texts):
                found[split] = np.array([int(text) for text in texts])
    return found


def _lists(path: Path, splits: Sequence[str]) -> Iterator[tuple[str, list[object], bool]]:
    """Split, entries, and whether numbers among these may name lenses, of each list in a file."""
    if path.suffix.lower() == ".json":
        yield from ((split, values, True) for split, values in _in_json(path))
        return
    split = split_and_rest(path.stem)[0] if path.suffix.lower() in LISTS else ""
    if not split or split in splits:
        return
    frame = read_frame(path, header=False)
    rest = {word.lower() for word in words(path.stem) if not split_name(word)}
    for column in () if frame is None else frame.columns:
        head, *values = [str(value).strip() for value in frame[column]] or [""]
        named = head.lower() in _COLUMNS
        yield split, list(values) if named else [head, *values], named or (rest <= _OF_NUMBERS and len(frame.columns) == 1)


def _in_json(path: Path) -> Iterator[tuple[str, list[object]]]:
    """Lists by the names of splits, as deep as `{"splits": {"train": [...]}}`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return
    yield from _entries(content, 0)


def _entries(content: object, depth: int) -> Iterator[tuple[str, list[object]]]:
    for key, value in content.items() if isinstance(content, Mapping) and depth < _DEEPEST else ():
        split = split_and_rest(str(key))[0]
        if split and isinstance(value, list) and all(isinstance(one, str | int) for one in value):
            yield split, value
        else:
            yield from _entries(value, depth + 1)


def read_frame(path: Path, header: bool = True) -> pd.DataFrame | None:
    """A table of texts or Parquet; None where it cannot be read or is too large. Without `header` its first row is one like the
    others."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        frame = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else _of_text(path, header)
    except (OSError, ValueError, pd.errors.ParserError):
        return None
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame.loc[:, [name for name in frame.columns if not name.startswith("Unnamed")]]


def _of_text(path: Path, header: bool) -> pd.DataFrame:
    import io

    text = path.read_text(encoding="utf-8", errors="replace")
    # Challenges write a few lines of comment first.
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    ending = path.suffix.lower()
    # Names alone hold nothing that Python could tell a separator by.
    apart = "\t" if ending == ".tsv" else None if ending == ".csv" and header else r"[,\s]+"
    return pd.read_csv(io.StringIO("\n".join(lines)), sep=apart, engine="python", header=0 if header else None)
