"""Tables beside image files: which file is of which class and split, and what else is known of it."""

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.given_splits import says_splits, split_column, stricter
from lensmae.data.exchange.names import LABELS, class_name, is_label, split_and_rest
from lensmae.data.exchange.tables.frames import MAPPINGS, NAMES, TABLES, read_frame, read_mapping
from lensmae.data.exchange.tables.lens_names import LensNames
from lensmae.data.exchange.tables.split_lists import LISTS, listed_splits
from lensmae.data.images.labels_beside import shape_of

_READ = tuple(dict.fromkeys((*TABLES, *LISTS, *MAPPINGS)))
# Beside a stack, texts that name nothing may be anything.
_IN_ORDER = (".csv", ".tsv", ".parquet", ".json", ".jsonl")
_FEW = 64
# Columns of 0 and 1, or of words for them.
_LENS_FLAGS = frozenset(("lens", "lenses", "is_a_lens", "has_lens", "lensing"))
_TRUTHS = frozenset(("0", "1", "0.0", "1.0", "True", "False", "true", "false", "yes", "no"))
_MOST_TABLES = 64
# A folder of more files is none of one lens.
_MOST_OF_ONE = 16


@dataclass(frozen=True)
class LabelTable:
    """What tables say of lenses.

    Attributes:
        files: where they lie.
        rows: what they say, by the index of the lens; NaN and None where they are silent.
        label: column of classes, or None.
        listed: by the index of a lens the split whose list names it.
        folds: how many splits of a cross-validation there are, of which the first is in `listed`.
    """

    files: tuple[Path, ...]
    rows: pd.DataFrame
    label: str | None
    listed: Mapping[int, str] = field(default_factory=dict)
    folds: int = 1

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
        """The split of each lens, "" where the tables are silent; None where none says splits. A lens that is said to be of
        several is held out; so are all where numbers say splits, which nobody can know (`coded`)."""
        said = [_split_of_rows(self.rows, self.label)] if self.coded is None else [np.full(len(self.rows), "test", dtype=object)]
        if self.listed:
            said.append(np.array([self.listed.get(index, "") for index in range(len(self.rows))], dtype=object))
        said = [one for one in said if one is not None]
        return np.array(list(itertools.starmap(stricter, zip(said[0], said[-1], strict=True))), dtype=object) if said else None

    @property
    def coded(self) -> str | None:
        """The column that says splits as numbers, where none says them in words; None where there is no such column."""
        if self.listed or _split_of_rows(self.rows, self.label) is not None:
            return None
        return next((str(name) for name in self.rows if says_splits(str(name)) and self.rows[name].dtype.kind in "biuf"), None)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Every other column of numbers, one value a lens."""
        others = self.rows.select_dtypes("number").drop(columns=self.label or [], errors="ignore")
        return {str(name): others[name].to_numpy(dtype=float) for name in others}


def _split_of_rows(rows: pd.DataFrame, label: str | None) -> np.ndarray | None:
    found = (split_column(str(name), rows[name].to_numpy()) for name in rows if name != label)
    return next((one for one in found if one is not None), None)


def find_table(folders: Sequence[Path], lenses: Sequence[str], splits: Sequence[str]) -> LabelTable | None:
    """The tables that name the lenses, at least half of them; those that name most go first, others fill what is left.

    A table that is named after a split (`train_labels.csv`) speaks of the lenses of that split only.

    Args:
        folders: where tables may lie.
        lenses: paths of files, or of the folders of lenses that have one each.
        splits: of each lens, "" where no folder says it.
    """
    found: list[tuple[Path, pd.DataFrame]] = []
    paths = sorted({path for folder in folders for path in folder.iterdir() if _may_be_table(path)})[:_MOST_TABLES]
    found_lists = listed_splits(paths, lenses, splits)
    listed, lists = found_lists.splits, found_lists.files
    for path in paths:
        split = split_and_rest(path.stem)[0]
        scope = [index for index, one in enumerate(splits) if not split or split not in splits or one == split]
        frame = read_frame(path)
        rows = None if frame is None else _rows(_with_first(frame, path, lenses), [lenses[index] for index in scope])
        if rows is not None and len(rows.columns):
            found.append((path, rows.set_axis([scope[index] for index in rows.index])))
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
    for path, rows in [] if enough else found:
        # Few lenses with their classes may be any others; of few with their splits none that is held out may be trained on.
        splits_of = _split_of_rows(rows, None)
        if splits_of is not None:
            listed |= {
                index: stricter(split, listed.get(index, "")) for index, split in zip(rows.index, splits_of, strict=True) if split
            }
            lists.append(path)
    if not enough and not listed:
        return None
    rows = pd.concat([more for _, more in kept]) if enough else pd.DataFrame()
    files = dict.fromkeys([*(path for path, _ in kept if enough), *lists])
    return LabelTable(tuple(files), rows.reindex(range(len(lenses))), label if enough else None, listed, found_lists.folds)


def table_of_sidecars(root: Path, lenses: Sequence[str]) -> LabelTable | None:
    """What a JSON or YAML file beside each lens says of it: `a.json` beside `a.npy`, or the only one in the folder of a lens.

    Args:
        root: from which paths count.
        lenses: paths of their files.
    """
    first = _sidecar(root / lenses[0]) if lenses else None
    found = [_sidecar(root / lens) for lens in lenses] if first is not None else []
    own = [path for path in found if path is not None]
    if len(set(own)) < len(own):
        # One of a whole folder says nothing of a lens.
        return None
    said = [read_mapping(path) if path is not None else None for path in found]
    rows = [{key: one for key, one in values.items() if isinstance(one, str | int | float)} if isinstance(values, Mapping) else {}
            for values in said]  # fmt: skip
    frame = pd.DataFrame(rows)
    if first is None or not len(frame.columns):
        return None
    table = LabelTable((first,), frame, _label_column(frame))
    return table if table.label or table.splits is not None else None


def _sidecar(lens: Path) -> Path | None:
    beside = [lens.with_suffix(ending) for ending in MAPPINGS]
    own = next((path for path in beside if path.is_file()), None)
    if own is not None:
        return own
    with os.scandir(lens.parent) as entries:
        few = list(itertools.islice((entry.name for entry in entries), _MOST_OF_ONE + 1))
    alone = [name for name in few if Path(name).suffix.lower() in MAPPINGS]
    return lens.parent / alone[0] if len(alone) == 1 and len(few) <= _MOST_OF_ONE else None


def _may_be_table(path: Path) -> bool:
    """Whether a file may be a table or a list; of npy files, which lenses are too, one that is named for a split alone."""
    ending = path.suffix.lower()
    if ending == ".npz":
        return read_mapping(path) is not None
    if ending != ".npy":
        return ending in _READ
    return bool(split_and_rest(path.stem)[0]) and (shape := shape_of(path)) is not None and len(shape) == 1


def table_in_order(folder: Path, n: int) -> LabelTable | None:
    """The table beside a stack of `n` lenses that has a row for each, in their order, with their classes or splits."""
    for path in sorted(one for one in folder.iterdir() if one.suffix.lower() in _IN_ORDER)[:_MOST_TABLES]:
        frame = read_frame(path)
        if frame is not None and len(frame) == n:
            table = LabelTable((path,), frame.reset_index(drop=True), _label_column(frame))
            if table.label or table.splits is not None:
                return table
    return None


def _with_first(frame: pd.DataFrame, path: Path, lenses: Sequence[str]) -> pd.DataFrame:
    """The table, read without a header where the first row names a lens as the others do."""
    named = LensNames(lenses).indices(frame.columns, numbers=False)
    again = read_frame(path, header=False) if named else None
    return frame if again is None else again


def _rows(frame: pd.DataFrame, lenses: list[str]) -> pd.DataFrame | None:
    """The rows of a table that name lenses, by the index of the lens; by the column that names most."""
    names, best = LensNames(lenses), None
    for column in [frame.attrs[NAMES]] if NAMES in frame.attrs else frame.columns:
        at = [names.index(value) for value in frame[column]]
        rows = frame.drop(columns=column).assign(_at=at).dropna(subset="_at").drop_duplicates("_at")
        if len(rows) and (best is None or len(rows) > len(best)):
            best = rows.astype({"_at": int}).set_index("_at")
    return best


def _label_column(rows: pd.DataFrame) -> str | None:
    exact = [name for name in rows if name.lower().replace(" ", "_") in LABELS]
    # `lens_class`, where it is of classes and not of measured numbers.
    others = [name for name in rows if is_label(name) and not (rows[name].dtype.kind == "f" and (rows[name] % 1 != 0).any())]
    flags = [name for name in rows if name.lower() in _LENS_FLAGS and set(map(str, rows[name].dropna())) <= _TRUTHS]
    return next((name for name in (*exact, *others, *flags) if rows[name].nunique() <= _FEW), None)


def _class_of(column: str, value: object) -> str:
    if column.lower().replace(" ", "_") in ("is_lens", "islens", "lensed", *_LENS_FLAGS):
        return "lens" if str(value).strip().lower() in ("1", "1.0", "true", "yes") else "nonlens"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return class_name(str(value)) if isinstance(value, str) else f"class_{value}"
