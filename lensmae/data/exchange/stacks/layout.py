"""Stacks of lenses among the arrays of files, and what lies beside them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.exchange.given_splits import flag_of, says_splits
from lensmae.data.exchange.names import HIGH, INPUTS, LABELS, LOW, TARGETS, UNKNOWN, is_label, split_name
from lensmae.data.exchange.stacks.columns import column_of, from_attributes, given_splits, may_be_labels
from lensmae.data.exchange.stacks.images import MOST_CLASSES, axes_of, count_lenses, of_one_set
from lensmae.data.exchange.stacks.importing import StoredArray
from lensmae.data.exchange.stacks.meaning import class_of, lens_class_of, split_of, words_of, words_of_key
from lensmae.data.exchange.stacks.near import Near, name_of
from lensmae.data.exchange.stacks.reading import whole_array
from lensmae.data.images import roles
from lensmae.data.images.axes import NO_CHOICE, ArrayChoice, count_of
from lensmae.data.images.formats.named_arrays import is_scale, scale_of
from lensmae.errors import DatasetError

_MOST_LENSES = 10_000_000


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
    images = [array for array in axes if count_lenses(array, axes) > 1] or of_one_set(list(axes))
    if sum(count_lenses(array, axes) for array in images) > _MOST_LENSES:
        raise DatasetError(f"{above} claims more than {_MOST_LENSES:,} lenses.")
    near = Near(arrays, list(axes), _may_belong)
    highs = {_location(array): array for array in images if words_of(array) & HIGH}
    lows = [array for array in images if words_of(array) & LOW]
    if highs and lows:
        pairs = [(low, highs.get(_location(low))) for low in lows]
        alone = [low.location for low, high in pairs if high is None or count_lenses(high, axes) != count_lenses(low, axes)]
        if alone:
            raise DatasetError(f"{above}: the LR array {alone[0]!r} has no HR array of as many images beside it.")
        return [_stack(low, high, axes, near.of(low), classes) for low, high in pairs]
    if targets := _targets(images, arrays, axes):
        axes = axes | {target: axes[image] for image, target in targets.items()}
        return [_stack(image, targets[image], axes, near.of(image), classes) for image in images if image in targets]
    return _lens_classes([_stack(image, None, axes, near.of(image), classes) for image in images])


def _lens_classes(stacks: list[Stack]) -> list[Stack]:
    """Stacks with lens and nonlens as their classes, where names say nonlens and nothing else says a class."""
    said = [lens_class_of(stack.images) for stack in stacks]
    if "nonlens" not in said:
        return stacks
    return [
        replace(stack, class_name=one) if one and stack.class_name == UNKNOWN else stack
        for stack, one in zip(stacks, said, strict=True)
    ]


def _without_split(array: StoredArray) -> str:
    """`x` of `x` and of `x_train`."""
    return "_".join(word for word in roles.words(name_of(array)) if not split_name(word))


def _targets(
    images: Sequence[StoredArray], arrays: Sequence[StoredArray], axes: Mapping[StoredArray, str]
) -> dict[StoredArray, StoredArray]:
    """Of stacks called input, x and the like, those called target, y, ... with as many images of a whole multiple of pixels."""
    inputs = [one for one in images if "N" in axes[one] and _without_split(one) in INPUTS]
    named = [one for one in arrays if _without_split(one) in TARGETS] if inputs else []
    found = {}
    for image in inputs:
        letters = axes[image]
        for target in named:
            if (
                target.file.parent != image.file.parent
                or split_of(target) != split_of(image)
                or len(target.shape) != len(image.shape)
                or target is image
            ):
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


def stack_lenses(stack: Stack, above: Path) -> pd.DataFrame:
    """Rows of a stack's lenses."""
    array = stack.images
    location = array.file.relative_to(above).as_posix() + (f":{array.key}" if array.key else "")
    names = [f"{location}[{row}]" for row in range(stack.n)] if "N" in stack.axes else [location]
    fixed = {"class": stack.class_name, "split": stack.split, "source_file": names}
    return pd.DataFrame(fixed | stack.columns)


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
    split, kind = split_of(images), class_of(images)
    columns: dict[str, np.ndarray] = {}
    n, unused, used = count_lenses(images, axes), [], {images.file}
    # Of several arrays of labels `y` and `labels` go before `y_true` and `coarse_label`.
    near = sorted(near, key=lambda array: name_of(array).lower() in LABELS)
    others, kinds = ({of(one) for one in axes} for of in (split_of, class_of))
    for array in near:
        if _belongs(array, images, n, (split, others), (kind, kinds)):
            found = column_of(array, n, classes)
            columns |= found
            used |= {array.file} if found else set()
            if "class" not in found and may_be_labels(array):
                unused.append(array.location)
    columns = from_attributes(images, classes, n) | columns
    more, notes = given_splits(near, n)
    columns |= {} if "split" in columns else more
    if "class" not in columns and kind == UNKNOWN:
        counts = {count_lenses(one, axes) for one in axes}
        notes = (*notes, *_unused(images, n, unused), *_of_other_length(images, near, n, counts))
    target_axes = axes[targets] if targets else ""
    scale = _scale(images, near)
    return Stack(images, axes[images], targets, target_axes, kind, split, columns, notes, tuple(sorted(used)), scale)


def _unused(images: StoredArray, n: int, unused: Sequence[str]) -> tuple[str, ...]:
    """That arrays which may be labels were not used as such."""
    if not unused:
        return ()
    named = ", ".join(unused[:4])
    return (
        f"No array beside {images.location} has a name of labels (y, labels, target, ...); {named} of {n:,} entries was not "
        "used as such. Rename it to y if it holds the classes.",
    )


def _of_other_length(images: StoredArray, near: Sequence[StoredArray], n: int, counts: set[int]) -> tuple[str, ...]:
    """That labels have not as many entries as there are images."""
    odd = [one for one in near if is_label(name_of(one)) and len(one.shape) == 1 and one.shape[0] not in (*counts, 1)]
    return tuple(
        f"{one.location} has {one.shape[0]:,} entries for the {n:,} images of {images.location}, so it was not used as labels."
        for one in odd[:2]
    )


def _scale(images: StoredArray, near: Sequence[StoredArray]) -> float | None:
    """Arcsec/pixel that the attributes of a stack or an array beside it say, the same for all lenses."""
    facts: dict[str, object] = dict(images.attributes)
    for array in near:
        if is_scale(name_of(array)) and array.dtype.kind in "iufUS":
            values = whole_array(array)
            same = values.ndim < 2 and values.size and bool((values == values.flat[0]).all())
            facts[name_of(array)] = values.flat[0] if same else values
    return scale_of({name: one.item() if isinstance(one, np.generic) else one for name, one in facts.items()})


def _may_belong(array: StoredArray) -> bool:
    """Whether an array may describe lenses: by its axes and its name, not yet by its length."""
    return len(array.shape) < 2 or (len(array.shape) == 2 and bool(words_of_key(array) & LABELS)) or is_scale(name_of(array))


def _belongs(array: StoredArray, images: StoredArray, n: int, split: tuple[str, set[str]], kind: tuple[str, set[str]]) -> bool:
    """Whether an array describes the lenses of a stack: as many entries, in the same file or as a file beside it; of one lens a
    single value in the same group. `split`, `kind`: what the stack's own name says, and what those of all stacks say."""
    if n == 1:
        group = array.key.rpartition("/")[0] == images.key.rpartition("/")[0]
        return array.file == images.file and group and array.shape in ((), (1,))
    words = words_of_key(array)
    # Flags and words of splits describe all lenses, whatever split their own name has.
    of_splits = bool(flag_of(name_of(array))) or says_splits(name_of(array))
    own, own_kind = split_of(array), class_of(array)
    # `y_train` and `subhalo_type` beside `images` alone are of them.
    same_split = own == split[0] or (not split[0] and own not in split[1])
    same_kind = own_kind in (kind[0], UNKNOWN) or (kind[0] == UNKNOWN and own_kind not in kind[1])
    same_part = of_splits or (same_split and same_kind)
    short = len(array.shape) == 1 or (len(array.shape) == 2 and bool(words & LABELS) and array.shape[1] <= MOST_CLASSES)
    return same_part and short and array.shape[0] == n
