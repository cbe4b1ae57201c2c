"""What lies beside an image in a file or folder: arrays of its own group, of those around it, and of groups without images."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from lensmae.data.exchange.stacks.importing import StoredArray

_Numbers = tuple[str, ...]
_MOST_LENGTHS = 256


class Near:
    """Arrays by where they lie. Each is looked at once, so that a file may hold thousands of images, each with what is its own.

    An array belongs to the nearest group around it that holds images: a label of another lens's group is none of this one's. Of
    several images side by side each has what bears its own numbers (`image_17`, `label_17`), or none.

    Args:
        arrays: of one file, or of files side by side.
        images: those of them that are images.
        may_belong: whether an array, by its shape and name, may be a label, parameter, split or pixel scale of anything.
    """

    def __init__(
        self, arrays: Sequence[StoredArray], images: Sequence[StoredArray], may_belong: Callable[[StoredArray], bool]
    ) -> None:
        self._images = Counter(map(_group, images))
        self._by_group: dict[tuple[Path, str], dict[_Numbers, list[StoredArray]]] = {}
        self._elsewhere: dict[Path, list[StoredArray]] = {}
        known = set(map(id, images))
        for array in arrays:
            if id(array) in known or not may_belong(array):
                continue
            home = next((group for group in _groups(array) if group in self._images), None)
            if home is None:
                self._elsewhere.setdefault(_group(array)[0], []).append(array)
            else:
                self._by_group.setdefault(home, {}).setdefault(_numbers(array), []).append(array)

    def of(self, image: StoredArray) -> list[StoredArray]:
        """What may describe the lenses of an image: the nearest last."""
        place, *around = _groups(image)
        found = list(self._elsewhere.get(place[0], ()))
        for group in reversed(around):
            found += [array for named in self._by_group.get(group, {}).values() for array in named]
        own = self._by_group.get(place, {})
        if self._images[place] > 1:
            numbers = _numbers(image)
            return [*found, *own.get((), ()), *(own.get(numbers, ()) if numbers else ())]
        return [*found, *(array for named in own.values() for array in named)]


def lengths_beside(arrays: Sequence[StoredArray]) -> Callable[[StoredArray], dict[str, int]]:
    """Function of an array: the lengths by name of the others of one axis in its file, or of npy files in its folder."""
    lengths: dict[Path, dict[str, int]] = {}
    for array in arrays:
        found = lengths.setdefault(_group(array)[0], {})
        if len(array.shape) == 1 and len(found) < _MOST_LENGTHS:
            found[array.location] = array.shape[0]

    def of(array: StoredArray) -> dict[str, int]:
        found = lengths.get(_group(array)[0], {})
        return {name: length for name, length in found.items() if name != array.location} if array.location in found else found

    return of


def name_of(array: StoredArray) -> str:
    """What a file calls an array; of an npy file its own name."""
    return (array.key or array.location).rsplit("/", 1)[-1]


def _group(array: StoredArray) -> tuple[Path, str]:
    """File and group; of an npy file its folder."""
    return (array.file, array.key.rpartition("/")[0]) if array.key else (array.file.parent, "")


def _groups(array: StoredArray) -> list[tuple[Path, str]]:
    """The group of an array and those around it, from the inside."""
    place, group = _group(array)
    parts = group.split("/") if group else []
    return [(place, "/".join(parts[:depth])) for depth in range(len(parts), -1, -1)]


def _numbers(array: StoredArray) -> _Numbers:
    return tuple(str(int(number)) for number in re.findall(r"[0-9]+", name_of(array)))
