"""What the location of an array says: its split, its class, words of its name."""

import re
from collections.abc import Callable
from itertools import pairwise

from lensmae.data.exchange.names import CLASS_NAMES, LENS_NAMES, UNKNOWN, apart, split_name
from lensmae.data.exchange.stacks.importing import StoredArray
from lensmae.data.exchange.stacks.near import name_of

# `axion_mass_regression.npy` and `cdm_vs_axion.npy` are of several classes.
_OF_SEVERAL = frozenset(("mass", "masses", "regression", "vs", "versus", "and", "all", "mixed"))


def words_of(array: StoredArray) -> frozenset[str]:
    """Words of its whole location, folders and groups among them."""
    return frozenset().union(*map(_pieces, array.location.split("/")))


def words_of_key(array: StoredArray) -> frozenset[str]:
    """Words of what a file calls an array; of an npy file those of its own name."""
    return _pieces(name_of(array))


def _said(array: StoredArray, meaning: Callable[[str], str], silent: frozenset[str] = frozenset()) -> str:
    """What the part of a location that is nearest to the array says; "" where none does, or one says several things. Parts with
    one of the `silent` words say nothing."""
    for part in reversed(array.location.split("/")):
        if _pieces(part) & silent:
            continue
        alone = meaning(part)
        # "no" alone may belong to "no_noise"; as a folder of its own it is the class.
        found = {alone} if alone else {meaning(word) for word in _pieces(part) - {"no"}} - {""}
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def _pieces(part: str) -> frozenset[str]:
    """Words of a part of a name, and neighbouring ones joined, so that `no_sub` is found in `train_no_sub_images`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part)
    words = [one.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word for one in apart(word)]
    return frozenset(words) | {f"{first}_{second}" for first, second in pairwise(words)}


def split_of(array: StoredArray) -> str:
    """The split that its location says, or ""."""
    return _said(array, split_name)


def class_of(array: StoredArray) -> str:
    """DeepLense's class that its location says, or unknown."""
    return _said(array, lambda word: CLASS_NAMES.get(word.lower(), ""), _OF_SEVERAL) or UNKNOWN


def lens_class_of(array: StoredArray) -> str:
    """ "lens", "nonlens" or "" by the words of its location. That it says lens means little where nothing says nonlens."""
    for part in reversed(array.location.split("/")):
        found = {LENS_NAMES.get(word, "") for word in _pieces(part)} - {""}
        if found:
            return "nonlens" if "nonlens" in found else "lens"
    return ""
