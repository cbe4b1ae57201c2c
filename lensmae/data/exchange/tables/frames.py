"""Tables as others write them: CSV with or without a header, texts of columns, Parquet, and records in JSON or YAML."""

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.names import split_name, words
from lensmae.data.images.formats.npy import Npz, read_header
from lensmae.errors import ImageReadError

MAPPINGS = (".json", ".yaml", ".yml", ".npz")
# An npz of lists is one by its name; others hold lenses.
_LISTS = frozenset(("split", "splits", "fold", "folds", "partition", "partitions", "index", "indices", "idx", "idxs"))
_LINES = (".jsonl", ".ndjson")
_TEXTS = (".txt", ".dat", ".lst", ".list")
TABLES = (".csv", ".tsv", ".parquet", *_TEXTS, *MAPPINGS, *_LINES)
# An attribute of a table: the only column that may name lenses.
NAMES = "names"
_LARGEST = 1 << 26
# YAML is read ten times as slowly.
_LARGEST_YAML = 1 << 22
_SEPARATORS = ",;\t|"
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")


def read_mapping(path: Path) -> object:
    """The plain values of a JSON or YAML file, or the lists in an npz file that is named for them; None where it cannot be read,
    is too large or is none."""
    if path.suffix.lower() == ".npz":
        return _in_npz(path)
    as_json = path.suffix.lower() == ".json"
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= (_LARGEST if as_json else _LARGEST_YAML) else ""
        return json.loads(text or "null") if as_json else _of_yaml(text)
    except (OSError, ValueError, RecursionError):
        return None


def _in_npz(path: Path) -> dict[str, list[object]] | None:
    if _LISTS.isdisjoint(word.lower() for word in words(path.stem)):
        return None
    try:
        with path.open("rb") as file, Npz(file) as archive:
            heads = {key: archive.header(key) for key in archive.keys}
            lists = [key for key, one in heads.items() if len(one.shape) == 1 and one.dtype.kind in "iu"]
            return {key: archive.read(key).tolist() for key in lists if heads[key].nbytes < _LARGEST}
    except (OSError, ImageReadError):
        return None


def _of_yaml(text: str) -> object:
    """Plain values of a YAML text without references, by which a few lines become gigabytes. Raises `ValueError` where there are
    any, or where it is no YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, loader)):
            raise ValueError("a list of splits has no references")
        return yaml.load(text, loader)
    except yaml.YAMLError as problem:
        raise ValueError(str(problem)) from None


def read_frame(path: Path, header: bool = True) -> pd.DataFrame | None:
    """A table of texts, Parquet, JSON or YAML; None where it is none, cannot be read or is too large.

    Args:
        path: the file.
        header: whether the first row of a text has the names of the columns; else it is one like the others.
    """
    ending = path.suffix.lower()
    try:
        if path.stat().st_size > _LARGEST:
            return None
        if ending in (*MAPPINGS, *_LINES):
            frame = _of_records(_lines(path) if ending in _LINES else read_mapping(path), path.stem)
        elif ending == ".npy":
            frame = _of_names(path)
        else:
            frame = pd.read_parquet(path) if ending == ".parquet" else _of_text(path, header)
    except (OSError, ValueError, RecursionError, pd.errors.ParserError):
        return None
    if frame is None:
        return None
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame.loc[:, [name for name in frame.columns if not name.startswith("Unnamed")]]


def _of_names(path: Path) -> pd.DataFrame | None:
    """An npy file of names; None of any other."""
    try:
        with path.open("rb") as file:
            made = read_header(file)
            if made.dtype.kind not in "US" or len(made.shape) != 1:
                return None
            values = np.frombuffer(file.read(made.nbytes), made.dtype)
    except ImageReadError:
        return None
    return pd.DataFrame({"file": np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values})


def _lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _of_records(content: object, name: str) -> pd.DataFrame | None:
    """A list of records, columns of one length, or what is said of each lens by its name; None where it is none of these.

    Args:
        content: of JSON or YAML.
        name: of the file, which is that of the one column where names have single values.
    """
    if isinstance(content, Mapping) and len(lists := [one for one in content.values() if _are_records(one)]) == 1:
        content = lists[0]
    if _are_records(content):
        return _plain_columns(pd.DataFrame(content))
    if not isinstance(content, Mapping) or not content:
        return None
    values = list(content.values())
    if all(isinstance(one, str | int | float) for one in values):
        made = pd.DataFrame({"file": list(map(str, content)), name: values})
        made.attrs[NAMES] = "file"
        return made
    if all(isinstance(one, Mapping) for one in values) and not any(map(split_name, map(str, content))):
        return _plain_columns(pd.DataFrame([{"file": str(key), **one} for key, one in content.items()]))
    same = all(isinstance(one, list) for one in values) and len({len(one) for one in values}) == 1
    # `{"train": [...], "test": [...]}` are lists of lenses.
    return _plain_columns(pd.DataFrame(content)) if same and not any(map(split_name, map(str, content))) else None


def _are_records(content: object) -> bool:
    return isinstance(content, list) and bool(content) and all(isinstance(one, Mapping) for one in content)


def _plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of single values."""
    plain = [name for name in frame if not frame[name].map(lambda one: isinstance(one, Mapping | list)).any()]
    return frame.loc[:, plain]


def _of_text(path: Path, header: bool) -> pd.DataFrame | None:
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    # Challenges write a few lines of comment first, of which the last may be the names of the columns.
    comments = [line for line in lines if line.startswith("#")]
    lines = [line for line in lines if not line.startswith("#")]
    if header and lines and comments and _are_names(_fields(comments[-1].lstrip("# ")), _fields(lines[0])):
        lines = [comments[-1].lstrip("# "), *lines]
    ending = path.suffix.lower()
    if header and ending in _TEXTS and len(_fields(lines[0]) if lines else ()) < 2:
        return None
    # Names alone hold nothing that Python could tell a separator by.
    apart = next((one for one in _SEPARATORS if lines and one in lines[0]), r"\s+") if header else r"[,\s]+"
    apart = "\t" if ending == ".tsv" else apart
    engine = "python" if len(apart) > 1 else "c"
    text = "\n".join(lines)
    return pd.read_csv(io.StringIO(text), sep=apart, engine=engine, header=0 if header else None, skipinitialspace=True)


def _fields(line: str) -> list[str]:
    separator = next((one for one in _SEPARATORS if one in line), None)
    return [field.strip() for field in line.split(separator)]


def _are_names(names: list[str], first: list[str]) -> bool:
    """Whether a comment has the names of the columns of the line below it."""
    numbers = [sum(map(bool, map(_NUMBER.fullmatch, fields))) for fields in (names, first)]
    return len(names) == len(first) > 1 and numbers[0] == 0 < numbers[1]
