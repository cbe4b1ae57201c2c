"""Tables beside image files: which file is of which class and split, and what else is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from lensmae.data.exchange.given_splits import split_column
from lensmae.data.exchange.names import LABELS, class_name, is_label, split_and_rest

_ENDINGS = (".csv", ".tsv")
# Lists of the lenses of one split may be plain texts.
_LISTS = (*_ENDINGS, ".txt", ".lst", ".list")
_NAMES = frozenset(("file", "files", "filename", "file_name", "image", "path", "id", "name", "object_id", "lens", "object"))
_LARGEST = 1 << 26
_FEW = 64
_MOST_TABLES = 64


@dataclass(frozen=True)
class LabelTable:
    """What tables say of lenses.

    Attributes:
        files: where they lie.
        rows: what they say, by the index of the lens; NaN and None where they are silent.
        label: column of classes, or None.
        listed: by the index of a lens the split whose list names it.
    """

    files: tuple[Path, ...]
    rows: pd.DataFrame
    label: str | None
    listed: Mapping[int, str] = field(default_factory=dict)

    @property
    def classes(self) -> list[str | None]:
        """The class of each lens; None where the tables are silent."""
        if self.label is None:
            return [None] * len(self.rows)
        column = self.rows[self.label]
        names = {value: _class_of(self.label, value) for value in column.dropna().unique()}
        return [names.get(value) if not pd.isna(value) else None for value in column]

    @property
    def splits(self) -> np.ndarray | None:
        """The split of each lens, "" where the tables are silent; None where none says splits."""
        if self.listed:
            return np.array([self.listed.get(index, "") for index in range(len(self.rows))], dtype=object)
        found = (split_column(str(name), self.rows[name].to_numpy()) for name in self.rows if name != self.label)
        return next((one for one in found if one is not None), None)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Every other column of numbers, one value a lens."""
        others = self.rows.select_dtypes("number").drop(columns=self.label or [], errors="ignore")
        return {str(name): others[name].to_numpy(dtype=float) for name in others}


def key_of(name: str) -> str:
    """A file's name without its endings, in lower case."""
    stem = Path(name).name
    while (shorter := Path(stem).stem) != stem and len(Path(stem).suffix) <= 5:
        stem = shorter
    return stem.lower()


def find_table(folders: Sequence[Path], lenses: Sequence[str], splits: Sequence[str]) -> LabelTable | None:
    """The tables that name the lenses, at least half of them; those that name most go first, others fill what is left.

    A table that is named after a split (`train_labels.csv`) speaks of the lenses of that split only.

    Args:
        folders: where tables may lie.
        lenses: paths of files, or of the folders of lenses that have one each.
        splits: of each lens, "" where no folder says it.
    """
    found: list[tuple[Path, pd.DataFrame]] = []
    listed: dict[int, str] = {}
    lists = []
    paths = sorted({path for folder in folders for path in folder.iterdir() if path.suffix.lower() in _LISTS})
    for path in paths[:_MOST_TABLES]:
        split = split_and_rest(path.stem)[0]
        if split and split not in splits and (here := _listed(path, lenses)):
            # One that stands in two lists is held out.
            listed |= {index: max(split, listed.get(index, ""), key=_HELD.index) for index in here}
            lists.append(path)
        if path.suffix.lower() not in _ENDINGS:
            continue
        scope = [index for index, one in enumerate(splits) if not split or split not in splits or one == split]
        frame = _read(path)
        rows = None if frame is None else _rows(frame, [lenses[index] for index in scope])
        if rows is not None:
            found.append((path, rows.set_axis([scope[index] for index in rows.index])))
    if set(listed.values()) == {"train"} and len(listed) == len(lenses):
        # A list of all lenses holds none out.
        listed, lists = {}, []
    found.sort(key=lambda one: -len(one[1]))
    kept, covered, label = [], set(), None
    for path, rows in found:
        more = rows.loc[[index for index in rows.index if index not in covered]]
        if not kept:
            label = _label_column(rows)
        # Of two tables of the same lenses the first is taken.
        if len(more) < len(rows) / 2 or (kept and label is not None and label not in rows):
            continue
        kept.append((path, more))
        covered |= set(more.index)
    enough = kept and 2 * len(covered) >= len(lenses)
    if not enough and not listed:
        return None
    rows = pd.concat([more for _, more in kept]) if enough else pd.DataFrame()
    files = dict.fromkeys([*(path for path, _ in kept if enough), *lists])
    return LabelTable(tuple(files), rows.reindex(range(len(lenses))), label if enough else None, listed)


def table_in_order(folder: Path, n: int) -> LabelTable | None:
    """The table beside a stack of `n` lenses that has a row for each, in their order, with their classes or splits."""
    for path in sorted(one for one in folder.iterdir() if one.suffix.lower() in _ENDINGS)[:_MOST_TABLES]:
        frame = _read(path)
        if frame is not None and len(frame) == n:
            table = LabelTable((path,), frame.reset_index(drop=True), _label_column(frame))
            if table.label or table.splits is not None:
                return table
    return None


_HELD = ("", "train", "validation", "test")


def _listed(path: Path, lenses: Sequence[str]) -> list[int]:
    """The lenses that a list or a table names as files; numbers alone, such as epochs, name none."""
    frame = _read(path, header=False)
    if frame is None:
        return []
    index_of, _, by_path = _keys(lenses)
    best: list[int] = []
    for column in frame.columns if index_of else ():
        head, *values = [str(value).strip() for value in frame[column]] or [""]
        named = head.lower() in _NAMES
        cells = values if named else [head, *values]
        at = [_index(cell, index_of, {}, by_path) for cell in cells if named or not cell.replace(".", "", 1).isdigit()]
        best = max(best, [index for index in at if index is not None], key=len)
    return best


def _rows(frame: pd.DataFrame, lenses: list[str]) -> pd.DataFrame | None:
    """The rows of a table that name lenses, by the index of the lens; by the column that names most."""
    index_of, by_number, by_path = _keys(lenses)
    best: pd.DataFrame | None = None
    for column in frame.columns:
        at = [_index(value, index_of, by_number, by_path) for value in frame[column]]
        rows = frame.drop(columns=column).assign(_at=at).dropna(subset="_at").drop_duplicates("_at")
        if len(rows) and (best is None or len(rows) > len(best)):
            best = rows.astype({"_at": int}).set_index("_at")
    return best


def _keys(lenses: Sequence[str]) -> tuple[dict[str, int], dict[str, int], bool]:
    """Lenses by what tables may call them, by the number at the end of that, and whether a folder is part of it; empty where
    names do not tell them apart."""
    keys, by_path = [key_of(name) for name in lenses], False
    if len(set(keys)) < len(keys):
        # `cdm/1.npy` and `axion/1.npy` are told apart by their folders only.
        keys, by_path = [_path_key(name) for name in lenses], True
    if len(set(keys)) < len(keys):
        return {}, {}, by_path
    by_number = {number: index for index, key in enumerate(keys) if (number := _digits(key))}
    return (
        dict(zip(keys, range(len(keys)), strict=True)),
        by_number if len(by_number) == len(keys) and not by_path else {},
        by_path,
    )


def _path_key(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    return f"{path.parent.name.lower()}/{key_of(path.name)}"


def _index(value: object, index_of: dict[str, int], by_number: dict[str, int], by_path: bool) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    key = (_path_key(text) if by_path else key_of(text)) if text else ""
    if key in index_of:
        return index_of[key]
    return by_number.get(text.lstrip("0") or "0") if text.isdigit() else None


def _digits(key: str) -> str:
    """The number that a name ends with, as surveys name their cut-outs."""
    end = len(key) - len(key.rstrip("0123456789"))
    return key[len(key) - end :].lstrip("0") or "0" if end else ""


def _read(path: Path, header: bool = True) -> pd.DataFrame | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        # Challenges write a few lines of comment first.
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        ending = path.suffix.lower()
        # Names alone hold nothing that Python could tell a separator by.
        apart = "\t" if ending == ".tsv" else None if ending == ".csv" and header else r"[,\s]+"
        frame = pd.read_csv(_stream(lines), sep=apart, engine="python", header=0 if header else None)
    except (OSError, ValueError, pd.errors.ParserError):
        return None
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame.loc[:, [name for name in frame.columns if not name.startswith("Unnamed")]]


def _stream(lines: list[str]) -> object:
    import io

    return io.StringIO("\n".join(lines))


def _label_column(rows: pd.DataFrame) -> str | None:
    exact = [name for name in rows if name.lower().replace(" ", "_") in LABELS]
    # `lens_class`, where it is of classes and not of measured numbers.
    others = [name for name in rows if is_label(name) and not (rows[name].dtype.kind == "f" and (rows[name] % 1 != 0).any())]
    return next((name for name in (*exact, *others) if rows[name].nunique() <= _FEW), None)


def _class_of(column: str, value: object) -> str:
    if column.lower().replace(" ", "_") in ("is_lens", "islens", "lensed"):
        return "lens" if str(value).strip().lower() in ("1", "1.0", "true", "yes") else "nonlens"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return class_name(str(value)) if isinstance(value, str) else f"class_{value}"
