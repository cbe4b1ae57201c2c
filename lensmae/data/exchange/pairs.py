"""LR/HR pairs in files of their own: in folders LR/ and HR/ wherever they stand, or side by side with LR and HR in the names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lensmae.data.exchange.leaves import Leaf
from lensmae.data.exchange.names import UNKNOWN, class_name, is_class, resolution
from lensmae.errors import DatasetError

Group = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Side:
    """The LR or the HR files of one set of pairs: by what the names of a pair share, the path."""

    files: dict[str, Path]


def pair_rows(root: Path, leaves: list[Leaf]) -> tuple[list[dict[str, str]], tuple[str, ...]] | None:
    """Rows of all pairs, and folders that are no part of them; None where there are no pairs.

    Args:
        root: from which paths count.
        leaves: folders with files.

    Raises `DatasetError` where a file has no partner, and where several sets of pairs lie side by side.
    """
    found: dict[Group, dict[str, Side]] = {}
    used = set()
    for leaf in leaves:
        for group, part, side in _sides(leaf):
            found.setdefault(group, {})[part] = side
            used.add(leaf.folder)
    both = {group: sides for group, sides in found.items() if len(sides) == 2}
    if not both:
        return None
    sets = sorted({"/".join(names) for _, names in both if not is_class("/".join(names[-1:]))})
    if len(sets) > 1:
        raise DatasetError(f"{root} holds several sets of pairs: {', '.join(sets[:8])}. Name one of them.")
    rows = [row for (split, names), sides in both.items() for row in _rows(root, sides["low"], sides["high"], split, names)]
    ignored = tuple(f"{leaf.folder.name}/ ({len(leaf.files)} files)" for leaf in leaves if leaf.folder not in used)
    return rows, ignored


def _sides(leaf: Leaf) -> Iterator[tuple[Group, str, Side]]:
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
