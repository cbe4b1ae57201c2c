"""Splits that a data set itself gives its lenses: in words, as flags of one split, or as indices of the lenses of one."""

from collections.abc import Mapping

import numpy as np

from lensmae.data.exchange.names import SPLIT_COLUMNS, split_name, words

_INDICES = frozenset(("idx", "idxs", "index", "indices", "ind", "inds", "ids", "rows"))
# What may stand beside the name of a split in that of a flag: `is_test`, `test_mask`.
_FLAG_WORDS = frozenset(("is", "in", "mask", "flag", "set", "split"))


def says_splits(name: str) -> bool:
    """Whether a column or an array is named like one of splits."""
    return name.strip().lower() in SPLIT_COLUMNS


def split_column(name: str, values: np.ndarray) -> np.ndarray | None:
    """The split of every lens (N,) that a column says, "" where it is silent; None for a column of something else.

    Args:
        name: of the column.
        values: (N,) words, or 0 and 1 where the name is that of a split (`is_test`, `train_mask`); NaN where not known.
    """
    values = np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values
    if says_splits(name) and values.dtype.kind in "UO":
        said = [split_name(value) if isinstance(value, str) else "" for value in values.tolist()]
        given = [value for value in values.tolist() if isinstance(value, str) and value.strip()]
        return np.array(said, dtype=object) if any(said) and all(split_name(value) for value in given) else None
    named = flag_of(name)
    if not named or values.dtype.kind not in "biuf":
        return None
    numbers = values.astype(np.float64)
    if not np.isin(numbers[np.isfinite(numbers)], (0, 1)).all():
        return None
    # What is not for training is held out, what is not held out is for training.
    other = "test" if named == "train" else "train"
    return np.array([named if one == 1 else other if one == 0 else "" for one in numbers], dtype=object)


def flag_of(name: str) -> str:
    """The split whose flag a name is; "" for another name."""
    parts = [word.lower() for word in words(name)]
    named = {split_name(word) for word in parts if word not in _FLAG_WORDS}
    return named.pop() if len(named) == 1 else ""


def split_of_indices(name: str) -> str:
    """The split whose lenses an array of this name lists by their indices; "" for another name."""
    parts = [word.lower() for word in words(name)]
    named = {split_name(word) for word in parts if word not in _INDICES}
    return named.pop() if len(named) == 1 and set(parts) & _INDICES else ""


def from_indices(listed: Mapping[str, np.ndarray], n: int) -> np.ndarray | None:
    """Splits (n,) from the indices of the lenses of each; a lens in several is held out; None where they are no indices.

    Args:
        listed: by split, indices from 0.
        n: how many lenses there are.
    """
    found = np.full(n, "", dtype=object)
    for split in ("train", "validation", "test"):
        at = listed.get(split, np.empty(0, int))
        if len(at) and not 0 <= at.min() <= at.max() < n:
            return None
        found[at] = split
    return found
