"""What arrays beside a stack say of its lenses: classes, splits, masses and parameters, a value a lens."""

import contextlib
from collections.abc import Sequence

import numpy as np

from lensmae.data.exchange.given_splits import from_indices, says_splits, split_column, split_of_indices
from lensmae.data.exchange.names import LABELS, MASSES, UNKNOWN, class_name, is_label
from lensmae.data.exchange.stacks.images import MOST_CLASSES
from lensmae.data.exchange.stacks.importing import StoredArray
from lensmae.data.exchange.stacks.meaning import words_of_key
from lensmae.data.exchange.stacks.near import name_of
from lensmae.data.exchange.stacks.reading import whole_array
from lensmae.data.exchange.tables.split_lists import indices_in
from lensmae.errors import DatasetError

TAKEN = frozenset(("id", "class", "split", "source_file", "notes"))


def given_splits(arrays: Sequence[StoredArray], n: int) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Splits from indices of lenses beside a stack; where numbers say splits that nobody can know, all is held out, and said."""
    near = [one for one in arrays if len(one.shape) == 1]
    listed: dict[str, np.ndarray] = {}
    for text in (one for one in arrays if one.shape == () and one.dtype.kind in "SU"):
        value = whole_array(text)
        listed |= indices_in(str(np.char.decode(value, "utf-8", "replace") if value.dtype.kind == "S" else value))
    for array in near:
        # With an entry a lens it is a flag, or something else of all lenses.
        if array.dtype.kind in "iu" and array.shape[0] != n and (split := split_of_indices(name_of(array))):
            listed[split] = whole_array(array).astype(np.int64)
    splits = from_indices(listed, n)
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


def may_be_labels(array: StoredArray) -> bool:
    """Whether an array may be labels by its type and axes, whatever its name."""
    if len(array.shape) != 1 or words_of_key(array) & {"id", "ids", "index", "indices"}:
        return False
    # All numbers of MATLAB are floats.
    return array.dtype.kind in "biuUS" or (array.file.suffix.lower() == ".mat" and _may_be_classes(whole_array(array)))


def _may_be_classes(values: np.ndarray) -> bool:
    return _are_whole(values) and 0 <= np.nanmin(values) <= np.nanmax(values) < MOST_CLASSES


def column_of(array: StoredArray, n: int, classes: Sequence[str] | None) -> dict[str, np.ndarray]:
    """What an array of an entry a lens says, by the name of the column; nothing where it is none.

    Args:
        array: of `n` entries.
        n: how many lenses there are.
        classes: names of integer labels.
    """
    words = words_of_key(array)
    splits = split_column(name_of(array), np.atleast_1d(whole_array(array))) if len(array.shape) < 2 else None
    if splits is not None:
        return {"split": splits}
    # A number of many values, such as the targets of a regression, is no class.
    if is_label(name_of(array)) and not (array.dtype.kind == "f" and n > 1 and not _are_whole(whole_array(array))):
        try:
            return {"class": _classes(np.atleast_1d(whole_array(array)), classes, "is_lens" in words or "lensed" in words)}
        except DatasetError as problem:
            raise DatasetError(f"{array.location}: {problem}") from None
    if array.dtype.kind not in "biuf":
        return {}
    values = np.atleast_1d(whole_array(array)).astype(np.float64)
    if words & MASSES:
        return {"axion_mass_ev": values}
    name = array.location.rsplit("/", 1)[-1]
    return {} if name.lower() in TAKEN or values.ndim > 1 else {name: values}


def _are_whole(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(np.array_equal(known, np.round(known)) and known.size) or values.ndim > 1


def _classes(values: np.ndarray, classes: Sequence[str] | None, of_lenses: bool) -> np.ndarray:
    """`class_names`, where labels that are NaN are of no known class."""
    if values.dtype.kind != "f" or values.ndim > 1 or np.isfinite(values).all():
        return class_names(values, classes, of_lenses)
    found = np.full(len(values), UNKNOWN, dtype=object)
    found[np.isfinite(values)] = class_names(values[np.isfinite(values)], classes, of_lenses)
    return found


def from_attributes(images: StoredArray, classes: Sequence[str] | None, n: int) -> dict[str, np.ndarray]:
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
    if not np.array_equal(values, np.round(values)) or (len(values) and not 0 <= values.min() <= values.max() < MOST_CLASSES):
        raise DatasetError(
            f"Labels are numbers from {values.min():g} to {values.max():g}; whole numbers from 0 are needed, or names of classes."
        )
    indices = values.astype(int)
    if of_lenses and classes is None and len(indices) and indices.max() <= 1:
        classes = ("nonlens", "lens")
    if classes is not None and len(indices) and indices.max() >= len(classes):
        raise DatasetError(f"There are labels up to {indices.max()}, and {len(classes)} class names ({', '.join(classes)}).")
    return np.array([classes[index] if classes is not None else f"class_{index}" for index in indices], dtype=object)
