"""Splits that a data set itself gives its lenses: in words, as flags of one split, or as indices of the lenses of one."""

import re
from collections.abc import Mapping

import numpy as np

from lensmae.data.exchange.names import SPLIT_COLUMNS, split_name, words
from lensmae.data.split_words import LONG_SPLITS, SPLIT_NAMES

# What may be written without a sign beside the name of a split: `istest`, `trainmask`.
_JOINED = re.compile(r"^is(?=[a-z]{3})|(?<=[a-z]{3})(?:mask|flag|idx|ids|inds|indices)$")
_INDICES = frozenset(("idx", "idxs", "index", "indices", "ind", "inds", "ids", "rows"))
# What may stand beside the name of a split in that of a flag: `is_test`, `test_mask`.
_TRUE, _FALSE = frozenset(("true", "yes", "1", "1.0")), frozenset(("false", "no", "0", "0.0"))
_HELD = ("", "train", "validation", "test")
_FLAG_WORDS = frozenset(("is", "in", "mask", "flag", "set", "split"))


def says_splits(name: str) -> bool:
    """Whether a column or an array is named like one of splits: `split`, `train_test`, `trainval`."""
    parts = [word.lower() for word in words(name)]
    joined = any(word.startswith(one) and word.removeprefix(one) in SPLIT_NAMES for word in parts for one in LONG_SPLITS)
    return joined or name.strip().lower() in SPLIT_COLUMNS or len(set(map(split_name, parts)) - {""}) > 1


def split_column(name: str, values: np.ndarray) -> np.ndarray | None:
    """The split of every lens (N,) that a column says, "" where it is silent; None for a column of something else.

    Args:
        name: of the column.
        values: (N,) words, or 0 and 1 where the name is that of a split (`is_test`, `train_mask`); NaN where not known. Of words
            of which only some are splits the others are silent.
    """
    values = np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values
    if values.dtype.kind in "UO":
        said = [split_name(value) if isinstance(value, str) else "" for value in values.tolist()]
        given = [value for value in values.tolist() if isinstance(value, str) and value.strip()]
        # A column of any name holds splits where it holds nothing else.
        if any(said) and (says_splits(name) or (len(set(said) - {""}) > 1 and all(map(split_name, given)))):
            return np.array(said, dtype=object)
    named = flag_of(name)
    if not named or values.dtype.kind not in "biufUO":
        return None
    numbers = values.astype(np.float64) if values.dtype.kind in "biuf" else _as_numbers(values)
    if not np.isin(numbers[np.isfinite(numbers)], (0, 1)).all():
        return None
    # What is not for training is held out, what is not held out is for training.
    other = "test" if named == "train" else "train"
    return np.array([named if one == 1 else other if one == 0 else "" for one in numbers], dtype=object)


def _as_numbers(values: np.ndarray) -> np.ndarray:
    """Words of truth as 1 and 0, NaN where nothing is said, 2 for other words."""
    texts = ["" if value is None else str(value).strip().lower() for value in values.tolist()]
    return np.array([
        1.0 if text in _TRUE else 0.0 if text in _FALSE else np.nan if text in ("", "nan", "none", "<na>") else 2.0
        for text in texts
    ])  # fmt: skip


def stricter(one: str, other: str) -> str:
    """Of two splits that a lens is said to be of, that which keeps it from training most; "" says nothing."""
    return max(one, other, key=_HELD.index)


def flag_of(name: str) -> str:
    """The split whose flag a name is; "" for another name."""
    parts = [_JOINED.sub("", word.lower()) for word in words(name)]
    named = {split_name(word) for word in parts if word not in _FLAG_WORDS}
    return named.pop() if len(named) == 1 else ""


def split_of_indices(name: str) -> str:
    """The split whose lenses an array of this name lists by their indices (`test_idx`, `testidx`, `test_set`, `test`); "" for
    another name."""
    parts = [word.lower() for word in words(name)]
    named = {split_name(_JOINED.sub("", word)) for word in parts if word not in _INDICES | _FLAG_WORDS}
    return named.pop() if len(named) == 1 else ""


def from_indices(listed: Mapping[str, np.ndarray], n: int) -> np.ndarray | None:
    """Splits (n,) from the indices of the lenses of each; a lens in several is held out; None where they are no indices.

    Args:
        listed: by split, indices from 0.
        n: how many lenses there are.
    """
    if not listed:
        return None
    found = np.full(n, "", dtype=object)
    for split in ("train", "validation", "test"):
        at = listed.get(split, np.empty(0, int))
        if len(at) and not 0 <= at.min() <= at.max() < n:
            return None
        found[at] = split
    return found
