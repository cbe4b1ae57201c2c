"""How the parameters of a set are distributed. Columns in, histograms out; columns of lists are pooled over their entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lensmae.data import columns
from lensmae.data.value_titles import value_titles

_BINS = 40
_PLACE_BINS = 48
_MOST_WORDS = 12
# Quantities that span orders of magnitude, most of them low in the range, are binned in log10.
_WIDE, _LOW = 50.0, 0.2
# What a lens has several of, each with columns of lists.
_GROUPS = ("subhalo", "clump", "neighbour")
_TOLD = ["parameter", "value", "unit", "column"]


@dataclass(frozen=True)
class Distribution:
    """Histogram of one parameter, by class.

    Attributes:
        name: of the column, or what is made of it.
        label: for the axis, with its unit.
        edges: (B + 1,) of the bins; texts have one bin each and are named in `words`.
        counts: class -> (B,).
        words: texts that the bins stand for, or empty.
    """

    name: str
    label: str
    edges: np.ndarray
    counts: dict[str, np.ndarray]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Positions:
    """Where things of one class lie on the sky: counts (B, B), rows along y, over bins with `edges` (B + 1,) in arcsec."""

    name: str
    label: str
    edges: np.ndarray
    counts: np.ndarray


def distributions(lenses: pd.DataFrame) -> list[Distribution | Positions]:
    """A histogram of every parameter that varies, in the order of the columns; a list's length is counted, its entries pooled."""
    found: list[Distribution | Positions] = []
    for name in _columns(lenses):
        column = lenses[name]
        if not _is_list(column):
            found += _plain(name, column, lenses["class"])
            continue
        group = next((one for one in _GROUPS if name.startswith(f"{one}_")), name.rsplit("_", 1)[0])
        counted = f"{group}s"
        lengths = column.map(_length)
        if not any(entry.name == counted for entry in found):
            number = columns.QUANTITIES.get(counted) or columns.Column(counted, f"number of {counted.replace('_', ' ')}")
            found += _numbers(number, lengths.to_numpy(float), lenses["class"].to_numpy())
        found += _pooled(name, group, lenses, lengths)
    return found


def constants(lenses: pd.DataFrame) -> pd.DataFrame:
    """Parameters with one value in all lenses: parameter (in words), value, unit, and the column's name."""
    rows = []
    for name in _columns(lenses):
        column = lenses[name]
        if not _is_list(column) and column.nunique(dropna=False) == 1 and column.notna().all():
            rows.append(_told(str(name), _shown(str(name), column.iloc[0])))
    return pd.DataFrame(rows, columns=_TOLD)


def without_lists(lenses: pd.DataFrame) -> pd.DataFrame:
    """The columns with one value a lens."""
    return lenses[[name for name in lenses.columns if not _is_list(lenses[name])]]


def describe_row(lens: pd.Series) -> pd.DataFrame:
    """One lens's parameters for reading: parameter (in words), value, unit, and the column's name. Of lists, the length and the
    range."""
    rows = []
    for name, value in lens.items():
        if _has_list(value):
            if len(value):
                rows.append(_told(str(name), _range(np.asarray(value))))
        elif not pd.isna(value) and value != "":
            rows.append(_told(str(name), _shown(str(name), value)))
    return pd.DataFrame(rows, columns=_TOLD)


def _told(name: str, value: str) -> dict[str, str]:
    known = columns.column(name)
    return dict(zip(_TOLD, (known.label, value, known.unit, name), strict=True))


def _shown(name: str, value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value_titles(name, np.array([str(value)]))[0])


def _range(values: np.ndarray) -> str:
    if values.min() == values.max():
        return f"{len(values)} of {values[0]:.4g}"
    return f"{len(values)} from {values.min():.4g} to {values.max():.4g}"


def _columns(lenses: pd.DataFrame) -> list[str]:
    return [name for name in lenses.columns if columns.column(name).role == "parameter"]


def _is_list(column: pd.Series) -> bool:
    # In a mixture of presets, lenses of some have no list at all.
    return column.dtype == object and column.map(_has_list).any()


def _has_list(value: Any) -> bool:
    return isinstance(value, np.ndarray | list)


def _length(value: Any) -> int:
    return len(value) if _has_list(value) else 0


def _plain(name: str, column: pd.Series, classes: pd.Series) -> list[Distribution | Positions]:
    if pd.api.types.is_numeric_dtype(column):
        return _numbers(columns.column(name), column.to_numpy(float), classes.to_numpy())
    words = column.dropna().astype(str)
    words = pd.Series(value_titles(name, words.to_numpy()), words.index)
    known = tuple(words.value_counts().index)
    if not 1 < len(known) <= _MOST_WORDS:
        return []
    table = pd.crosstab(words, classes).reindex(list(known))
    counts = {kind: table[kind].to_numpy() for kind in table.columns}
    return [Distribution(name, columns.column(name).label, np.arange(len(known) + 1) - 0.5, counts, known)]


def _numbers(described: columns.Column, values: np.ndarray, classes: np.ndarray) -> list[Distribution | Positions]:
    """Histogram of values (N,) with their classes (N,); nothing where all are equal."""
    known = np.isfinite(values)
    values, classes = values[known], classes[known]
    if not len(values) or values.min() == values.max():
        return []
    log = False
    if values.min() > 0 and values.max() / values.min() > _WIDE and np.median(values) - values.min() < _LOW * np.ptp(values):
        values, log = np.log10(values), True
    whole = np.array_equal(values, np.round(values)) and np.ptp(values) < _BINS
    edges = np.arange(values.min(), values.max() + 2) - 0.5 if whole else np.histogram_bin_edges(values, _BINS)
    counts = {str(kind): np.histogram(values[classes == kind], edges)[0] for kind in _ordered(classes)}
    return [Distribution(described.name, described.title_in(log), edges, counts)]


def _ordered(classes: np.ndarray) -> Sequence[str]:
    """Classes in the order in which they first occur, which is the data set's."""
    return list(dict.fromkeys(classes.tolist()))


def _pooled(name: str, group: str, lenses: pd.DataFrame, lengths: pd.Series) -> list[Distribution | Positions]:
    """Entries of all lists; x and y together become positions."""
    if name.endswith("_y") and f"{group}_x" in lenses:
        return []
    values, classes = _entries(lenses[name]), np.repeat(lenses["class"].to_numpy(), lengths)
    if not (name.endswith("_x") and f"{group}_y" in lenses):
        return _numbers(columns.column(name), values, classes)
    y = _entries(lenses[f"{group}_y"])
    return [_positions(group, str(kind), values[classes == kind], y[classes == kind]) for kind in _ordered(classes)]


def _entries(column: pd.Series) -> np.ndarray:
    return np.concatenate([np.asarray(entry if _has_list(entry) else [], dtype=float) for entry in column])


def _positions(group: str, kind: str, x: np.ndarray, y: np.ndarray) -> Positions:
    # A few far ones must not shrink the picture of the others.
    reach = float(np.percentile(np.abs(np.concatenate([x, y])), 99.5)) or 1.0
    edges = np.linspace(-reach, reach, _PLACE_BINS + 1)
    counts, _, _ = np.histogram2d(y, x, bins=[edges, edges])
    return Positions(f"{kind} {group} positions", f"{group.replace('_', ' ')}s of {kind}", edges, counts.astype(int))
