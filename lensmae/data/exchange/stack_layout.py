"""Which arrays of files are images, and which their labels, masses and parameters: told from names and shapes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.names import CLASS_NAMES, SPLIT_NAMES, UNKNOWN, class_name
from lensmae.data.exchange.stack_reading import whole_array
from lensmae.data.exchange.stacks import StoredArray
from lensmae.data.images.npy import count
from lensmae.errors import DatasetError

_LABELS = frozenset(("label", "labels", "y", "class", "classes", "kind"))
_MASSES = frozenset(("mass", "masses", "axion_mass", "axion_masses", "axion_mass_ev"))
_LOW = frozenset(("lr", "low", "lowres", "low_res"))
_HIGH = frozenset(("hr", "high", "highres", "high_res"))
_TAKEN = frozenset(("id", "class", "split", "source_file", "notes"))
_LEAST_SIDE = 4
_MOST_BANDS = 4
_MOST_CLASSES = 64
_MOST_LENSES = 10_000_000


@dataclass(frozen=True)
class Stack:
    """Images in one array, and what lies beside them.

    Attributes:
        images: (N, H, W), with further axes of bands; or (H, W), one lens.
        targets: HR images of a pair set.
        class_name: of all lenses, where a name says it.
        split: of all lenses, or "".
        columns: one value a lens: class, axion_mass_ev and other parameters.
    """

    images: StoredArray
    targets: StoredArray | None = None
    class_name: str = UNKNOWN
    split: str = ""
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Lenses."""
        return 1 if len(self.images.shape) == 2 else self.images.shape[0]


def find_stacks(arrays: Sequence[StoredArray], above: Path, classes: Sequence[str] | None) -> list[Stack]:
    """The stacks among arrays. Only where there is none of three axes or more, arrays of two are single lenses."""
    images = [array for array in arrays if _is_stack(array)] or [array for array in arrays if _is_image(array)]
    if sum(_n(array) for array in images) > _MOST_LENSES:
        raise DatasetError(f"{above} claims more than {_MOST_LENSES:,} lenses.")
    highs = {_place(array): array for array in images if _words(array) & _HIGH}
    lows = [array for array in images if _words(array) & _LOW]
    if highs and lows:
        pairs = [(low, highs.get(_place(low))) for low in lows]
        alone = [low.place for low, high in pairs if high is None or _n(high) != _n(low)]
        if alone:
            raise DatasetError(f"{above}: the LR array {alone[0]!r} has no HR array of as many images beside it.")
        return [_stack(low, high, arrays, classes) for low, high in pairs]
    return [_stack(image, None, arrays, classes) for image in images]


def images_in(arrays: Sequence[StoredArray]) -> int:
    """How many images arrays hold: of a stack all, of an array with a few bands one."""
    return max(
        (_n(array) if _is_stack(array) and _n(array) > _MOST_BANDS else 1 for array in arrays if _is_image(array)), default=0
    )


def stack_lenses(stack: Stack, above: Path) -> pd.DataFrame:
    """Rows of a stack's lenses."""
    array = stack.images
    place = array.file.relative_to(above).as_posix() + (f":{array.key}" if array.key else "")
    names = [f"{place}[{row}]" for row in range(stack.n)] if len(array.shape) > 2 else [place]
    fixed = {"class": stack.class_name, "split": stack.split, "source_file": names}
    return pd.DataFrame(fixed | stack.columns)


def _is_stack(array: StoredArray) -> bool:
    """(N, H, W), perhaps with axes of bands."""
    sides = array.shape[1:2] + tuple(side for side in array.shape[2:] if side != 1)
    if array.dtype.kind not in "biuf" or len(array.shape) < 3 or _words(array) & (_LABELS | _MASSES):
        return False
    longest = sorted((side for side in array.shape[1:] if side != 1), reverse=True)
    return len(sides) <= 4 and len(longest) >= 2 and longest[1] >= _LEAST_SIDE and count(array.shape) > 0


def _is_image(array: StoredArray) -> bool:
    single = len(array.shape) == 2 and min(array.shape) >= _LEAST_SIDE
    return _is_stack(array) or (single and array.dtype.kind in "biuf" and not _words(array) & _LABELS)


def _n(array: StoredArray) -> int:
    return array.shape[0] if len(array.shape) > 2 else 1


def _words(array: StoredArray) -> frozenset[str]:
    """Words of a name, and neighbouring ones joined, so that `no_sub` is found in `train_no_sub_images`."""
    words = [word for word in re.split(r"[^a-z0-9]+", array.place.lower()) if word]
    return frozenset(words) | {f"{first}_{second}" for first, second in pairwise(words)}


def _first(array: StoredArray, names: dict[str, str], otherwise: str) -> str:
    # "no" alone may belong to "no_noise"; as a folder of its own it is the class.
    words = _words(array) - {"no"} | set(re.split(r"[/.]", array.place.lower()))
    return next((names[word] for word in names if word in words), otherwise)


def _place(array: StoredArray) -> str:
    """A name without its role: LR and HR arrays of one place are a pair."""
    return "/".join(word for word in re.split(r"[^a-z0-9]+", array.place.lower()) if word and word not in _LOW | _HIGH | {"res"})


def _stack(
    images: StoredArray, targets: StoredArray | None, arrays: Sequence[StoredArray], classes: Sequence[str] | None
) -> Stack:
    split, kind = _first(images, SPLIT_NAMES, ""), _first(images, CLASS_NAMES, UNKNOWN)
    columns: dict[str, np.ndarray] = {}
    if len(images.shape) > 2:
        for array in arrays:
            if _belongs(array, images, split, kind):
                columns |= _column(array, classes)
    return Stack(images, targets, kind, split, columns)


def _belongs(array: StoredArray, images: StoredArray, split: str, kind: str) -> bool:
    """Whether an array describes the lenses of a stack: as many entries, in the same file or as a file beside it."""
    beside = array.file == images.file or (not array.key and not images.key and array.file.parent == images.file.parent)
    same_part = _first(array, SPLIT_NAMES, "") == split and _first(array, CLASS_NAMES, kind) == kind
    short = len(array.shape) == 1 or (len(array.shape) == 2 and bool(_words(array) & _LABELS) and array.shape[1] <= _MOST_CLASSES)
    return beside and same_part and short and array is not images and array.shape[0] == images.shape[0]


def _column(array: StoredArray, classes: Sequence[str] | None) -> dict[str, np.ndarray]:
    words = _words(array)
    if words & _LABELS:
        return {"class": _labels(whole_array(array), classes)}
    if array.dtype.kind not in "biuf":
        return {}
    if words & _MASSES:
        return {"axion_mass_ev": whole_array(array).astype(np.float64)}
    name = array.place.rsplit("/", 1)[-1]
    return {} if name.lower() in _TAKEN else {name: whole_array(array).astype(np.float64)}


def _labels(values: np.ndarray, classes: Sequence[str] | None) -> np.ndarray:
    """Class names of labels: texts as they are, numbers and one-hot rows by their place in `classes`."""
    if values.dtype.kind in "US":
        return np.array([class_name(text) for text in values.astype(str)], dtype=object)
    if values.ndim == 2:
        values = values.reshape(len(values), -1).argmax(axis=1) if values.shape[1] > 1 else values[:, 0]
    if not np.array_equal(values, np.round(values)) or (len(values) and not 0 <= values.min() <= values.max() < _MOST_CLASSES):
        raise DatasetError(f"Labels are numbers from {values.min():g} to {values.max():g}; whole numbers from 0 are needed.")
    places = values.astype(int)
    if classes is not None and len(places) and places.max() >= len(classes):
        raise DatasetError(f"There are labels up to {places.max()}, and {len(classes)} class names ({', '.join(classes)}).")
    return np.array([classes[place] if classes is not None else f"class_{place}" for place in places], dtype=object)
