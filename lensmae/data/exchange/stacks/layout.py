"""Which arrays of files are images, and which their labels, masses and parameters: told from names and shapes."""

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.given_splits import flag_of, from_indices, says_splits, split_column, split_of_indices
from lensmae.data.exchange.names import (
    CLASS_NAMES,
    HIGH,
    INPUTS,
    LABELS,
    LOW,
    MASSES,
    TARGETS,
    UNKNOWN,
    class_name,
    split_name,
)
from lensmae.data.exchange.stacks.importing import StoredArray
from lensmae.data.exchange.stacks.near import Near, lengths_beside, name_of
from lensmae.data.exchange.stacks.reading import whole_array
from lensmae.data.images import roles
from lensmae.data.images.axes import MIN_SIDE, NO_CHOICE, ArrayChoice, count_of, find_axes
from lensmae.data.images.formats.named_arrays import is_scale, scale_of
from lensmae.errors import DatasetError, ImageReadError

_TAKEN = frozenset(("id", "class", "split", "source_file", "notes"))
_MOST_CLASSES = 64
_MOST_LENSES = 10_000_000
_NO_IMAGE = (roles.FLAGS, roles.PSF, roles.VARIANCE, roles.WEIGHT, roles.NOISE)


@dataclass(frozen=True)
class Stack:
    """Images in one array, and what lies beside them.

    Attributes:
        images: an array of lenses, or of one.
        axes: the letter of each of its axes (`lensmae.data.images.axes`).
        targets: HR images of a pair set.
        class_name: of all lenses, where a name says it.
        split: of all lenses, or "".
        columns: one value a lens: class, axion_mass_ev and other parameters.
        notes: what one might not expect of the arrays beside it, in full sentences.
        used: the files of its arrays.
        pixel_scale: arcsec/pixel of all lenses, where attributes or an array beside them say it.
    """

    images: StoredArray
    axes: str
    targets: StoredArray | None = None
    target_axes: str = ""
    class_name: str = UNKNOWN
    split: str = ""
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    used: tuple[Path, ...] = ()
    pixel_scale: float | None = None

    @property
    def n(self) -> int:
        """Lenses."""
        return count_of("N", self.axes, self.images.shape)


def find_stacks(
    arrays: Sequence[StoredArray], above: Path, classes: Sequence[str] | None, choice: ArrayChoice = NO_CHOICE
) -> list[Stack]:
    """The stacks among arrays. Only where there is none of many lenses, arrays of one lens each are taken.

    Args:
        arrays: of one file, or of files side by side.
        above: the folder or file, for messages.
        classes: names of integer labels 0, 1, ...
        choice: which array and which of its axes the user says.
    """
    axes = axes_of(arrays, choice)
    images = [array for array in axes if _n(array, axes) > 1] or list(axes)
    if sum(_n(array, axes) for array in images) > _MOST_LENSES:
        raise DatasetError(f"{above} claims more than {_MOST_LENSES:,} lenses.")
    near = Near(arrays, list(axes), _may_belong)
    highs = {_location(array): array for array in images if _words(array) & HIGH}
    lows = [array for array in images if _words(array) & LOW]
    if highs and lows:
        pairs = [(low, highs.get(_location(low))) for low in lows]
        alone = [low.location for low, high in pairs if high is None or _n(high, axes) != _n(low, axes)]
        if alone:
            raise DatasetError(f"{above}: the LR array {alone[0]!r} has no HR array of as many images beside it.")
        return [_stack(low, high, axes, near.of(low), classes) for low, high in pairs]
    if targets := _targets(images, arrays, axes):
        axes = axes | {target: axes[image] for image, target in targets.items()}
        return [_stack(image, targets[image], axes, near.of(image), classes) for image in images if image in targets]
    return [_stack(image, None, axes, near.of(image), classes) for image in images]


def _targets(
    images: Sequence[StoredArray], arrays: Sequence[StoredArray], axes: Mapping[StoredArray, str]
) -> dict[StoredArray, StoredArray]:
    """Of stacks called input, x and the like, those called target, y, ... with as many images of a whole multiple of pixels."""
    inputs = [one for one in images if "N" in axes[one] and name_of(one).lower() in INPUTS]
    named = [one for one in arrays if name_of(one).lower() in TARGETS] if inputs else []
    found = {}
    for image in inputs:
        letters = axes[image]
        for target in named:
            if target.file.parent != image.file.parent or len(target.shape) != len(image.shape) or target is image:
                continue
            ratios = {
                one / other for one, other, letter in zip(target.shape, image.shape, letters, strict=True) if letter in "HW"
            }
            same = all(
                one == other for one, other, letter in zip(target.shape, image.shape, letters, strict=True) if letter not in "HW"
            )
            if same and len(ratios) == 1 and (ratio := ratios.pop()) >= 2 and ratio == int(ratio):
                found[image] = target
    return found


def axes_of(
    arrays: Sequence[StoredArray], choice: ArrayChoice = NO_CHOICE, near: Sequence[StoredArray] = ()
) -> dict[StoredArray, str]:
    """The arrays that are images, with the letters of their axes; masks, noise and labels are none.

    Args:
        arrays: those that may be images.
        choice: which array and which of its axes the user says.
        near: further ones beside them, such as labels in files of their own.

    Raises `DatasetError` where an array can be read in several ways and nothing beside it decides.
    """
    if choice.item is not None:
        arrays = [array for array in arrays if choice.item.strip("/") in (array.key.strip("/"), array.key.rsplit("/", 1)[-1])]
    by_name = {array: roles.role(array.key or array.location) for array in arrays}
    candidates = [array for array in arrays if by_name[array] not in _NO_IMAGE] or list(arrays)
    found: dict[StoredArray, str] = {}
    problems = []
    lengths = lengths_beside([*arrays, *near])
    for array in candidates:
        try:
            letters = _letters(array, lengths(array), choice)
        except ImageReadError as problem:
            problems += [f"{array.location}: {problem}."] if "several ways" in str(problem) else []
            continue
        if letters:
            found[array] = letters
    if problems and not found:
        raise DatasetError(" ".join(problems[:3]))
    science = {array: letters for array, letters in found.items() if by_name[array] == roles.SCIENCE}
    others = {array: letters for array, letters in found.items() if by_name[array] == roles.UNKNOWN or array.dtype.kind == "f"}
    return science or others or found


def _letters(array: StoredArray, lengths: set[int], choice: ArrayChoice) -> str:
    """Letters of an array's axes; "" for what is no image. `lengths`: of arrays of one axis beside it."""
    if array.dtype.kind not in "biuf" or not array.shape or 0 in array.shape:
        return ""
    lenses = next((length for length in sorted(lengths) if length in (array.shape[0], array.shape[-1])), None)
    if len(array.shape) == 2 and min(array.shape) <= _MOST_CLASSES and _words_of_key(array) & LABELS:
        return ""
    letters = find_axes(array.shape, array.axes, choice.axes, lenses)
    sides = [side for side, letter in zip(array.shape, letters, strict=True) if letter in "HW"]
    return letters if not sides or min(sides) >= MIN_SIDE else ""


def images_in(arrays: Sequence[StoredArray], choice: ArrayChoice = NO_CHOICE, near: Sequence[StoredArray] = ()) -> int:
    """How many lenses arrays hold, the largest of them; 0 without one. Arguments as of `axes_of`."""
    try:
        axes = axes_of(arrays, choice, near)
    except DatasetError:
        return 2
    most = max((_n(array, axes) for array in axes), default=0)
    if most != 1:
        return most
    # Groups, pages or HDUs of one lens each.
    series = Counter((roles.stem(array.key), array.shape) for array in axes if array.key)
    return max(series.values(), default=1)


def stack_lenses(stack: Stack, above: Path) -> pd.DataFrame:
    """Rows of a stack's lenses."""
    array = stack.images
    location = array.file.relative_to(above).as_posix() + (f":{array.key}" if array.key else "")
    names = [f"{location}[{row}]" for row in range(stack.n)] if "N" in stack.axes else [location]
    fixed = {"class": stack.class_name, "split": stack.split, "source_file": names}
    return pd.DataFrame(fixed | stack.columns)


def _n(array: StoredArray, axes: dict[StoredArray, str]) -> int:
    return count_of("N", axes[array], array.shape)


def _words(array: StoredArray) -> frozenset[str]:
    return frozenset().union(*map(_pieces, array.location.split("/")))


def _words_of_key(array: StoredArray) -> frozenset[str]:
    """Words of what a file calls an array; of an npy file those of its own name."""
    return _pieces(name_of(array))


def _said(array: StoredArray, meaning: Callable[[str], str]) -> str:
    """What the part of a location that is nearest to the array says; "" where none does, or one says several things."""
    for part in reversed(array.location.split("/")):
        alone = meaning(part)
        # "no" alone may belong to "no_noise"; as a folder of its own it is the class.
        found = {alone} if alone else {meaning(word) for word in _pieces(part) - {"no"}} - {""}
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def _pieces(part: str) -> frozenset[str]:
    """Words of a part of a name, and neighbouring ones joined, so that `no_sub` is found in `train_no_sub_images`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part)
    words = [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]
    return frozenset(words) | {f"{first}_{second}" for first, second in pairwise(words)}


def _split_of(array: StoredArray) -> str:
    return _said(array, split_name)


def _class_of(array: StoredArray) -> str:
    return _said(array, lambda word: CLASS_NAMES.get(word.lower(), "")) or UNKNOWN


def _location(array: StoredArray) -> str:
    """A name without its role: LR and HR arrays of one location are a pair."""
    return "/".join(word for word in re.split(r"[^a-z0-9]+", array.location.lower()) if word and word not in LOW | HIGH | {"res"})


def _stack(
    images: StoredArray,
    targets: StoredArray | None,
    axes: dict[StoredArray, str],
    near: Sequence[StoredArray],
    classes: Sequence[str] | None,
) -> Stack:
    split, kind = _split_of(images), _class_of(images)
    columns: dict[str, np.ndarray] = {}
    n, unused, used = _n(images, axes), [], {images.file}
    for array in near:
        if _belongs(array, images, n, split, kind):
            found = _column(array, n, classes)
            columns |= found
            used |= {array.file} if found else set()
            if "class" not in found and _may_be_labels(array):
                unused.append(array.location)
    columns = _from_attributes(images, classes, n) | columns
    more, notes = _given_splits(near, n)
    columns |= {} if "split" in columns else more
    if unused and "class" not in columns and kind == UNKNOWN:
        named = ", ".join(unused[:4])
        notes = (
            *notes,
            f"No array beside {images.location} has a name of labels (y, labels, target, ...); {named} of {n:,} entries was not "
            "used as such. Rename it to y if it holds the classes.",
        )
    target_axes = axes[targets] if targets else ""
    scale = _scale(images, near)
    return Stack(images, axes[images], targets, target_axes, kind, split, columns, notes, tuple(sorted(used)), scale)


def _scale(images: StoredArray, near: Sequence[StoredArray]) -> float | None:
    """Arcsec/pixel that the attributes of a stack or an array beside it say, the same for all lenses."""
    facts: dict[str, object] = dict(images.attributes)
    for array in near:
        if is_scale(name_of(array)) and array.dtype.kind in "iufUS":
            values = whole_array(array)
            same = values.ndim < 2 and values.size and bool((values == values.flat[0]).all())
            facts[name_of(array)] = values.flat[0] if same else values
    return scale_of({name: one.item() if isinstance(one, np.generic) else one for name, one in facts.items()})


def _given_splits(arrays: Sequence[StoredArray], n: int) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Splits from indices of lenses beside a stack; where numbers say splits that nobody can know, all is held out, and said."""
    near = [one for one in arrays if len(one.shape) == 1]
    listed: dict[str, np.ndarray] = {}
    for array in near:
        if (split := split_of_indices(name_of(array))) and array.dtype.kind in "iu":
            listed[split] = whole_array(array).astype(np.int64)
    splits = from_indices(listed, n) if listed else None
    if splits is not None:
        return {"split": splits}, ()
    coded = next((one for one in near if says_splits(name_of(one)) and one.shape[0] == n and one.dtype.kind in "biuf"), None)
    if coded is None:
        return {}, ()
    note = (
        f"{coded.location} says splits as numbers, which nobody can know; all lenses are test. Save it as words (train, "
        "validation, test)."
    )
    return {"split": np.full(n, "test", dtype=object)}, (note,)


def _may_be_labels(array: StoredArray) -> bool:
    return array.dtype.kind in "biuUS" and len(array.shape) == 1 and not _words_of_key(array) & {"id", "ids", "index", "indices"}


def _may_belong(array: StoredArray) -> bool:
    """Whether an array may describe lenses: by its axes and its name, not yet by its length."""
    return len(array.shape) < 2 or (len(array.shape) == 2 and bool(_words_of_key(array) & LABELS)) or is_scale(name_of(array))


def _belongs(array: StoredArray, images: StoredArray, n: int, split: str, kind: str) -> bool:
    """Whether an array describes the lenses of a stack: as many entries, in the same file or as a file beside it; of one lens a
    single value in the same group."""
    if n == 1:
        group = array.key.rpartition("/")[0] == images.key.rpartition("/")[0]
        return array.file == images.file and group and array.shape in ((), (1,))
    words = _words_of_key(array)
    # Flags and words of splits describe all lenses, whatever split their own name has.
    of_splits = bool(flag_of(name_of(array))) or says_splits(name_of(array))
    same_part = of_splits or (_split_of(array) == split and _class_of(array) in (kind, UNKNOWN))
    short = len(array.shape) == 1 or (len(array.shape) == 2 and bool(words & LABELS) and array.shape[1] <= _MOST_CLASSES)
    return same_part and short and array.shape[0] == n


def _column(array: StoredArray, n: int, classes: Sequence[str] | None) -> dict[str, np.ndarray]:
    words = _words_of_key(array)
    splits = split_column(name_of(array), np.atleast_1d(whole_array(array))) if len(array.shape) < 2 else None
    if splits is not None:
        return {"split": splits}
    # A number of many values, such as the targets of a regression, is no class.
    if words & LABELS and not (array.dtype.kind == "f" and n > 1 and not _are_whole(whole_array(array))):
        try:
            return {"class": class_names(np.atleast_1d(whole_array(array)), classes, "is_lens" in words or "lensed" in words)}
        except DatasetError as problem:
            raise DatasetError(f"{array.location}: {problem}") from None
    if array.dtype.kind not in "biuf":
        return {}
    values = np.atleast_1d(whole_array(array)).astype(np.float64)
    if words & MASSES:
        return {"axion_mass_ev": values}
    name = array.location.rsplit("/", 1)[-1]
    return {} if name.lower() in _TAKEN or values.ndim > 1 else {name: values}


def _are_whole(values: np.ndarray) -> bool:
    return bool(np.array_equal(values, np.round(values))) or values.ndim > 1


def _from_attributes(images: StoredArray, classes: Sequence[str] | None, n: int) -> dict[str, np.ndarray]:
    """Class and split that attributes of an array or its group say."""
    found: dict[str, np.ndarray] = {}
    for name, text in images.attributes:
        value: float | str = text
        with contextlib.suppress(ValueError):
            value = float(text)
        if name.lower() in LABELS and "class" not in found:
            found["class"] = np.repeat(class_names(np.array([value]), classes, "lens" in name.lower()), n)
        elif (splits := split_column(name, np.array([value]))) is not None:
            found["split"] = np.repeat(splits, n)
    return found


def class_names(values: np.ndarray, classes: Sequence[str] | None, of_lenses: bool = False) -> np.ndarray:
    """Class names of labels: texts as they are, numbers and one-hot rows by their index in `classes`."""
    if values.dtype.kind in "US":
        return np.array([class_name(text) for text in values.astype(str)], dtype=object)
    if values.ndim == 2:
        values = values.reshape(len(values), -1).argmax(axis=1) if values.shape[1] > 1 else values[:, 0]
    if not np.array_equal(values, np.round(values)) or (len(values) and not 0 <= values.min() <= values.max() < _MOST_CLASSES):
        raise DatasetError(
            f"Labels are numbers from {values.min():g} to {values.max():g}; whole numbers from 0 are needed, or names of classes."
        )
    indices = values.astype(int)
    if of_lenses and classes is None and len(indices) and indices.max() <= 1:
        classes = ("nonlens", "lens")
    if classes is not None and len(indices) and indices.max() >= len(classes):
        raise DatasetError(f"There are labels up to {indices.max()}, and {len(classes)} class names ({', '.join(classes)}).")
    return np.array([classes[index] if classes is not None else f"class_{index}" for index in indices], dtype=object)
