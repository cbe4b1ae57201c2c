"""LR/HR pairs in files of their own: in folders LR/ and HR/ (or input/ and target/) wherever they stand, or side by side with LR
and HR in the names."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lensmae.data.exchange.leaves import Leaf
from lensmae.data.exchange.names import INPUTS, TARGETS, UNKNOWN, class_name, is_band, is_class, resolution
from lensmae.data.exchange.stacks.images import images_in
from lensmae.data.exchange.stacks.importing import may_hold_stack
from lensmae.data.exchange.stacks.reading import stored_arrays
from lensmae.data.images.axes import ArrayChoice
from lensmae.data.images.guarded_reader import read_image
from lensmae.errors import DatasetError, ImageReadError

Group = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Side:
    """The LR or the HR files of one set of pairs: by what the names of a pair share, the path."""

    files: dict[str, Path]


@dataclass(frozen=True)
class Pairs:
    """What was found.

    Attributes:
        rows: a row a pair: id, class, split, source_file (HR), low_file.
        ignored: folders that are no part of them.
        notes: what one might not expect.
    """

    rows: list[dict[str, str]]
    ignored: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_pairs(root: Path, leaves: list[Leaf], choice: ArrayChoice) -> Pairs | None:
    """All pairs; None where there are none.

    Folders such as input/ and target/ may be of another task than super-resolution: they are pairs where all names match and the
    second has a whole multiple of the first's pixels. So are two folders of any other names (HSC/ and HST/, 64/ and 128/) where
    that is true. LR and HR that are stacks are none of files.

    Args:
        root: from which paths count.
        leaves: folders with files.
        choice: which array and axes the user says.

    Raises `DatasetError` where a file has no partner, where several sets of pairs lie side by side, and where folders named like
    input/ and target/ are no pairs.
    """
    both, used = _both(leaves, _sides)
    notes: tuple[str, ...] = ()
    if both and _is_stack(next(iter(next(iter(both.values()))["low"].files.values())), root, choice):
        return None
    if not both:
        both, used = _both(leaves, _sides_by_task)
        both, used = (both, used) if both else _by_size(leaves, choice)
        if not both:
            return None
        factor, names = _enlargement(root, both, choice)
        if not factor:
            return None
        notes = (f"{names} were taken as LR and HR images: equal names, {factor} times as many pixels a side.",)
    sets = sorted({"/".join(names) for _, names in both if not is_class("/".join(names[-1:]))})
    if len(sets) > 1:
        raise DatasetError(f"{root} holds several sets of pairs: {', '.join(sets[:8])}. Name one of them.")
    rows = [row for (split, names), sides in both.items() for row in _rows(root, sides["low"], sides["high"], split, names)]
    ignored = tuple(f"{leaf.folder.name}/ ({len(leaf.files)} files)" for leaf in leaves if leaf.folder not in used)
    return Pairs(rows, ignored, notes)


_Found = Iterator[tuple[Group, str, Side]]


def _both(leaves: list[Leaf], sides_of: Callable[[Leaf], _Found]) -> tuple[dict[Group, dict[str, Side]], set[Path]]:
    """Groups with a low and a high side, and the folders of any side."""
    found: dict[Group, dict[str, Side]] = {}
    used = set()
    for leaf in leaves:
        for group, part, side in sides_of(leaf):
            found.setdefault(group, {})[part] = side
            used.add(leaf.folder)
    return {group: sides for group, sides in found.items() if len(sides) == 2}, used


def _sides_by_task(leaf: Leaf) -> _Found:
    """As `_sides`, by names of folders such as input and target alone."""
    for index, name in enumerate(leaf.names):
        part = "low" if name.lower() in INPUTS else "high" if name.lower() in TARGETS else ""
        if part:
            side = Side({Path(one).stem: leaf.folder / one for one in leaf.files})
            yield (leaf.split, leaf.names[:index] + leaf.names[index + 1 :]), part, side


def _is_stack(path: Path, root: Path, choice: ArrayChoice) -> bool:
    try:
        return may_hold_stack(path) and images_in(stored_arrays(path, root), choice) > 1
    except ImageReadError:
        # It is named when it is read.
        return False


def _by_size(leaves: list[Leaf], choice: ArrayChoice) -> tuple[dict[Group, dict[str, Side]], set[Path]]:
    """As `_both`, of two folders that are neither classes nor bands and hold files of the same names, by the first of them."""
    groups: dict[Group, list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault((leaf.split, leaf.names[:-1]), []).append(leaf)
    told = {tuple(sorted(leaf.name for leaf in group)) for group in groups.values()}
    if len(told) != 1 or len(two := told.pop()) != 2 or "" in two or any(is_class(name) or is_band(name) for name in two):
        return {}, set()
    stems = [[{Path(one).stem for one in leaf.files} for leaf in group] for group in groups.values()]
    if any(one != other for one, other in stems):
        return {}, set()
    sides = {leaf.name: _side_of_pixels(leaf, choice) for leaf in next(iter(groups.values()))}
    low, high = sorted(two, key=lambda name: sides[name])
    if not sides[low] or sides[high] % sides[low] or sides[high] == sides[low]:
        return {}, set()
    part = {low: "low", high: "high"}
    both = {
        key: {part[leaf.name]: Side({Path(one).stem: leaf.folder / one for one in leaf.files}) for leaf in group}
        for key, group in groups.items()
    }
    return both, {leaf.folder for leaf in leaves}


def _side_of_pixels(leaf: Leaf, choice: ArrayChoice) -> int:
    """Rows of the first image of a folder; 0 where it cannot be read or is a stack."""
    try:
        image = read_image(leaf.folder / min(leaf.files), item=choice.item, band=choice.band, axes=choice.axes)
    except ImageReadError:
        # It is named when it is read.
        return 0
    return image.pixels.shape[0] if image.lenses == 1 else 0


def _enlargement(root: Path, both: dict[Group, dict[str, Side]], choice: ArrayChoice) -> tuple[int, str]:
    """How many times as many pixels a side the first target has, and the names of the folders; 0 where files hold stacks."""
    for sides in both.values():
        low, high = sides["low"].files, sides["high"].files
        names = f"{next(iter(low.values())).parent.name}/ and {next(iter(high.values())).parent.name}/"
        what = f"{root}: {names} are named like the two sides of pairs"
        otherwise = "Name one of the folders to import it alone; call them LR/ and HR/ where they are for super-resolution."
        if set(low) != set(high):
            count = len(set(low) ^ set(high))
            raise DatasetError(f"{what}, but {count} of their files are in only one of them. {otherwise}")
        how = {"item": choice.item, "band": choice.band, "axes": choice.axes}
        stem = min(low)
        try:
            first, second = (read_image(side[stem], **how) for side in (low, high))
        except ImageReadError as problem:
            raise DatasetError(f"{what}. {problem}") from None
        if first.lenses > 1 or second.lenses > 1:
            return 0, names
        (height, width), (tall, wide) = first.pixels.shape, second.pixels.shape
        factor = tall // height
        if factor < 2 or (tall, wide) != (factor * height, factor * width):
            raise DatasetError(
                f"{what}, but images of {height}x{width} and {tall}x{wide} pixels are none for super-resolution, where the "
                f"second has a whole multiple of the first. {otherwise}"
            )
    return factor, names


def _sides(leaf: Leaf) -> _Found:
    """What a folder holds of pairs: by its names, LR or HR; else by those of its files, both."""
    parts = [(index, part) for index, name in enumerate(leaf.names) if (part := resolution(name))]
    if len(parts) == 1:
        index, part = parts[0]
        yield (leaf.split, leaf.names[:index] + leaf.names[index + 1 :]), part, _side(leaf, leaf.files)
        return
    by_name = {name: resolution(Path(name).stem) for name in leaf.files}
    if not parts and set(by_name.values()) == {"low", "high"}:
        for part in ("low", "high"):
            yield (leaf.split, leaf.names), part, _side(leaf, [name for name in leaf.files if by_name[name] == part])


def _side(leaf: Leaf, files: "list[str] | tuple[str, ...]") -> Side:
    return Side({_stem(name): leaf.folder / name for name in files})


def _rows(root: Path, low: Side, high: Side, split: str, names: tuple[str, ...]) -> list[dict[str, str]]:
    alone = sorted(set(low.files) ^ set(high.files))
    if alone:
        some = [(low.files.get(stem) or high.files[stem]).name for stem in alone[:3]]
        folder = next(iter((low.files or high.files).values())).parent
        raise DatasetError(f"{folder.parent}: {len(alone)} files are in only one of LR/ and HR/ ({', '.join(some)} ...).")
    kind = class_name(names[-1]) if names and is_class(names[-1]) else UNKNOWN
    before = [part for part in (split, kind if kind != UNKNOWN else "") if part]
    return [
        {
            "id": "-".join([*before, stem]),
            "class": kind,
            "split": split,
            "source_file": str(high.files[stem].relative_to(root)),
            "low_file": str(path.relative_to(root)),
        }
        for stem, path in low.files.items()
    ]


def _stem(name: str) -> str:
    """What the names of an LR and an HR image share."""
    stem = Path(name).stem
    shorter = re.sub(r"(?i)(^|[_\-. ])(?:lr|hr|low_?res|high_?res|low|high)(?=$|[_\-. ])", "", stem).strip("_-. ")
    return shorter or stem
