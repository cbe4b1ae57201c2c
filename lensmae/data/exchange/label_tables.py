"""Tables beside image files: which file is of which class, and what else is known of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.names import LABELS, class_name

_ENDINGS = (".csv", ".tsv")
_LARGEST = 1 << 26
_FEW = 64
_NAMES = ("file", "filename", "file_name", "image", "path", "id", "name", "object_id", "index", "lens")


@dataclass(frozen=True)
class LabelTable:
    """A table whose rows are found by the files' names.

    Attributes:
        file: where it lies.
        rows: by the name of a file without its endings, in lower case.
        label: column of classes, or None.
    """

    file: Path
    rows: pd.DataFrame
    label: str | None

    def classes(self, keys: list[str]) -> list[str | None]:
        """The class of each file; None where the table is silent."""
        if self.label is None:
            return [None] * len(keys)
        column = self.rows[self.label].reindex(keys)
        names = {value: _class_of(self.label, value) for value in column.dropna().unique()}
        return [names.get(value) if not pd.isna(value) else None for value in column]

    def numbers(self, keys: list[str]) -> dict[str, np.ndarray]:
        """Every other column of numbers, one value a file."""
        others = self.rows.select_dtypes("number").drop(columns=[self.label] if self.label in self.rows else [])
        return {str(name): others[name].reindex(keys).to_numpy(dtype=float) for name in others}


def key_of(name: str) -> str:
    """A file's name without its endings, in lower case."""
    stem = Path(name).name
    while (shorter := Path(stem).stem) != stem and len(Path(stem).suffix) <= 5:
        stem = shorter
    return stem.lower()


def find_table(folders: list[Path], files: list[str]) -> LabelTable | None:
    """The table that names most of the files, at least half of them."""
    keys = {key_of(name) for name in files}
    numbers = {key: _digits(key) for key in keys}
    by_number = {number: key for key, number in numbers.items() if number}
    if len(by_number) < len(keys):
        by_number = {}
    best: tuple[int, LabelTable] | None = None
    for path in sorted({path for folder in folders for path in folder.iterdir() if path.suffix.lower() in _ENDINGS}):
        frame = _read(path)
        if frame is None:
            continue
        for column in frame.columns:
            named = [_key(value, keys, by_number) for value in frame[column]]
            hits = len({one for one in named if one is not None})
            if 2 * hits >= len(keys) and (best is None or hits > best[0]):
                rows = (
                    frame.drop(columns=column).assign(_key=named).dropna(subset="_key").drop_duplicates("_key").set_index("_key")
                )
                best = hits, LabelTable(path, rows, _label_column(rows))
    return best[1] if best else None


def _key(value: object, keys: set[str], by_number: dict[str, str]) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    key = key_of(text) if text else ""
    return key if key in keys else by_number.get(text.lstrip("0") or "0") if text.isdigit() else None


def _digits(key: str) -> str:
    """The number that a name ends with, as surveys name their cut-outs."""
    end = len(key) - len(key.rstrip("0123456789"))
    return key[len(key) - end :].lstrip("0") or "0" if end else ""


def _read(path: Path) -> pd.DataFrame | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        # Challenges write a few lines of comment first.
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        frame = pd.read_csv(_stream(lines), sep="\t" if path.suffix.lower() == ".tsv" else None, engine="python")
    except (OSError, ValueError, pd.errors.ParserError):
        return None
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame.loc[:, [name for name in frame.columns if not name.startswith("Unnamed")]]


def _stream(lines: list[str]) -> object:
    import io

    return io.StringIO("\n".join(lines))


def _label_column(rows: pd.DataFrame) -> str | None:
    named = [name for name in rows if name.lower().replace(" ", "_") in LABELS]
    return next((name for name in named if rows[name].nunique() <= _FEW), None)


def _class_of(column: str, value: object) -> str:
    if column.lower().replace(" ", "_") in ("is_lens", "islens", "lensed"):
        return "lens" if str(value).strip().lower() in ("1", "1.0", "true", "yes") else "nonlens"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return class_name(str(value)) if isinstance(value, str) else f"class_{value}"
