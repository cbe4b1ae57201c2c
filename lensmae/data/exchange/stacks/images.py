"""Which arrays of files are images of lenses, and which axis is which: told from names and shapes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lensmae.data.exchange.names import HIGH, LABELS, LOW, UNKNOWN
from lensmae.data.exchange.stacks.importing import StoredArray, is_fits
from lensmae.data.exchange.stacks.meaning import class_of, lens_class_of, split_of, words_of_key
from lensmae.data.exchange.stacks.near import lengths_beside, name_of
from lensmae.data.images import roles
from lensmae.data.images.axes import (
    MIN_SIDE,
    NO_CHOICE,
    ArrayChoice,
    bands_said,
    count_of,
    find_axes,
    lenses_by_file,
    lenses_said,
)
from lensmae.data.images.formats.named_arrays import alike
from lensmae.errors import DatasetError, ImageReadError

MOST_CLASSES = 64
# Arrays that only the file has a name for.
_NAMELESS = ("", "PRIMARY")
_NO_IMAGE = (roles.FLAGS, roles.PSF, roles.VARIANCE, roles.WEIGHT, roles.NOISE)


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
    by_name = {array: _role(array) for array in arrays}
    # What a file is called decides nothing where there is nothing else; what it calls its arrays does.
    candidates = [array for array in arrays if by_name[array] not in _NO_IMAGE]
    candidates = candidates or [array for array in arrays if not array.key or choice.item is not None]
    found: dict[StoredArray, str] = {}
    unclear: dict[StoredArray, str] = {}
    lengths = lengths_beside([*arrays, *near])
    for array in candidates:
        try:
            letters = _letters(array, lengths(array), choice)
        except ImageReadError as problem:
            if "several ways" in str(problem):
                unclear[array] = f"{array.location}: {problem}"
            continue
        if letters:
            found[array] = letters
    for array in list(unclear):
        if letters := _as_beside(array, found, list(unclear)):
            found[array] = letters
            del unclear[array]
    several = dict.fromkeys(of_several_lengths([*found, *unclear]), "NHW")
    found, unclear = found | several, {array: problem for array, problem in unclear.items() if array not in several}
    found |= {array: letters for array in found if (letters := _as_other_split(array, found))}
    if unclear and not found:
        first = next(iter(unclear.values()))
        raise DatasetError(f"{first}." + (f" {len(unclear) - 1} more are of that kind." if len(unclear) > 1 else ""))
    for wanted in (roles.SCIENCE, roles.UNKNOWN):
        if some := {array: letters for array, letters in found.items() if by_name[array] == wanted}:
            return _without_versions(some)
    return {array: letters for array, letters in found.items() if array.dtype.kind == "f"} or found


def _as_beside(array: StoredArray, found: Mapping[StoredArray, str], unclear: Sequence[StoredArray]) -> str:
    """Letters of an array that can be read in several ways, as those beside it have them: `X_test` of five lenses has those of
    `X_train`; two arrays of as many images of other sizes, such as LR and HR, are of lenses. "" where none tells."""
    for other, letters in found.items():
        if len(other.shape) == len(array.shape) and other.shape[1:] == array.shape[1:] and letters[0] == "N":
            return letters
    sizes = {one.shape[1:] for one in unclear if one.shape[:1] == array.shape[:1] and len(one.shape) == len(array.shape)}
    return "NHW" if len(sizes) > 1 and len(array.shape) == 3 else ""


def of_several_lengths(arrays: Sequence[StoredArray]) -> list[StoredArray]:
    """Arrays that are named after splits or classes, alike but for their lengths: `train/cdm` (5, 64, 64) and `test/cdm`
    (3, 64, 64). Bands would be as many in all of them."""
    named = [one for one in arrays if len(one.shape) == 3 and (split_of(one) or class_of(one) != UNKNOWN) and not one.axes]
    alike: dict[tuple[int, ...], list[StoredArray]] = {}
    for array in named:
        alike.setdefault(array.shape[1:], []).append(array)
    groups = [some for some in alike.values() if len({one.shape[0] for one in some}) > 1]
    return [one for some in groups for one in some if some[0].shape[1] == some[0].shape[2]]


def _as_other_split(array: StoredArray, found: Mapping[StoredArray, str]) -> str:
    """Letters of an array of one split that seems to be of bands, as that of another split has them: `img_test` (3, 64, 64)
    beside `img_train` (100, 64, 64). "" where there is no such array."""
    if "N" in found[array] or len(array.shape) != 3 or not split_of(array):
        return ""
    for other, letters in found.items():
        if len(other.shape) == 3 and letters in ("NHW", "HWN") and split_of(other) != split_of(array):
            at = letters.index("N")
            if np.delete(other.shape, at).tolist() == np.delete(array.shape, at).tolist():
                return letters
    return ""


def _role(array: StoredArray) -> str:
    """What an array is: by the file's header, by its name, and, where that names a class of lenses, an image."""
    said = array.role or roles.role(array.key or array.location)
    return roles.SCIENCE if said == roles.UNKNOWN and (class_of(array) != UNKNOWN or lens_class_of(array) == "nonlens") else said


def _without_versions(images: dict[StoredArray, str]) -> dict[StoredArray, str]:
    """Images without others of the same lenses beside them: `images_noiseless` beside `images`."""
    plain = {(_place(array), array.shape) for array in images if array.key and roles.is_plain(array.key)}
    return {
        array: letters for array, letters in images.items()
        if not array.key or roles.is_plain(array.key) or (_place(array), array.shape) not in plain or _says_part(array)
    }  # fmt: skip


def of_one_set(images: Sequence[StoredArray]) -> list[StoredArray]:
    """Of arrays of one lens each those that `read_lenses` answers for: the image of a file by its name, and those named alike."""
    kept: list[StoredArray] = []
    by_file: dict[Path, list[StoredArray]] = {}
    for array in images:
        by_file.setdefault(array.file, []).append(array)
    for group in by_file.values():
        shapes = {array.key: array.shape for array in group}
        chosen = roles.best(list(shapes), list(map(_role, group)))
        if chosen is None or not chosen or _role(group[list(shapes).index(chosen)]) != roles.SCIENCE:
            kept += group
            continue
        series = alike(shapes, chosen) or (chosen,)
        kept += [array for array in group if array.key in series]
    return kept


def _place(array: StoredArray) -> tuple[Path, str]:
    return array.file, array.key.rpartition("/")[0]


def _says_part(array: StoredArray) -> bool:
    """Whether an array's own name says a class, a split, a number or that it is LR or HR: then it is of other lenses."""
    words = words_of_key(array)
    named = class_of(array) != UNKNOWN or lens_class_of(array) == "nonlens" or split_of(array) != ""
    return named or bool(words & (LOW | HIGH)) or name_of(array)[-1:].isdigit()


def _letters(array: StoredArray, lengths: Mapping[str, int], choice: ArrayChoice) -> str:
    """Letters of an array's axes; "" for what is no image. `lengths`: of arrays of one axis beside it, by name."""
    if array.dtype.kind not in "biuf" or not array.shape or 0 in array.shape:
        return ""
    lenses = lenses_said(array.key, array.shape, lengths, lenses_first=array.file.suffix.lower() != ".mat")
    if lenses is None and array.key in _NAMELESS:
        lenses = lenses_by_file(array.file.stem, array.shape)
    of_labels = words_of_key(array) & LABELS and roles.role(name_of(array)) != roles.SCIENCE
    if len(array.shape) == 2 and min(array.shape) <= MOST_CLASSES and of_labels:
        return ""
    axes = array.axes or (bands_said(array.shape, lengths) if array.key else "")
    letters = find_axes(array.shape, axes, choice.axes, lenses, flat=not is_fits(array.file))
    sides = [side for side, letter in zip(array.shape, letters, strict=True) if letter in "HW"]
    return letters if not sides or min(sides) >= MIN_SIDE else ""


def images_in(arrays: Sequence[StoredArray], choice: ArrayChoice = NO_CHOICE, near: Sequence[StoredArray] = ()) -> int:
    """How many lenses arrays hold, the largest of them; 0 without one. Arguments as of `axes_of`."""
    try:
        axes = axes_of(arrays, choice, near)
    except DatasetError:
        return 2
    most = max((count_lenses(array, axes) for array in axes), default=0)
    if most != 1:
        return most
    # Groups, pages or HDUs of one lens each.
    series = Counter((roles.stem(array.key), array.shape) for array in axes if array.key)
    return max(series.values(), default=1)


def count_lenses(array: StoredArray, axes: dict[StoredArray, str]) -> int:
    """Lenses of an array whose axes are known."""
    return count_of("N", axes[array], array.shape)
