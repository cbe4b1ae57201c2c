"""Folders with files in them, and what the names of the folders above say: the split, the class, the set."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lensmae.data.exchange.folder_entries import unusable
from lensmae.data.exchange.names import folder_parts, is_band, is_class, is_generic, is_output, resolution
from lensmae.data.images import roles
from lensmae.data.images.companions import companions
from lensmae.data.images.labels_beside import shape_of
from lensmae.data.images.reader import SUFFIXES

_ENDINGS = tuple(f".{suffix}" for suffix in SUFFIXES)
_PICTURES = (".png", ".jpg", ".jpeg")
_DEEPEST = 5
_MOST_FOLDERS = 5_000
# Of a folder of more files none is looked into; so many values may be flattened pixels.
_MOST_FILES, _LEAST_PIXELS = 64, 256


@dataclass(frozen=True)
class Leaf:
    """A folder that holds files.

    Attributes:
        folder: where they lie.
        split: that the names of this folder and those above say, or "".
        names: of this folder and those above, from the source on, without splits and words that say nothing.
        files: names of image files, sorted.
        beside: by file, its noise, flags and PSF (`companions`), which are not among `files`.
    """

    folder: Path
    split: str
    names: tuple[str, ...]
    files: tuple[str, ...]
    beside: dict[str, dict[str, str]]

    @property
    def name(self) -> str:
        """The name nearest to the files; "" at the source."""
        return self.names[-1] if self.names else ""


def find_leaves(source: Path) -> list[Leaf]:
    """All folders with image files at or under a folder, in the order of their names.

    A folder that everything lies in says nothing, unless it is a class, a band or LR or HR.
    """
    found = []
    for leaf in _walk(source, source, "", (), 0):
        found.append(leaf)
        if len(found) > _MOST_FOLDERS:
            break
    while len(above := {leaf.names[:1] for leaf in found}) == 1 and (first := above.pop()):
        if is_class(*first) or is_band(*first) or resolution(*first):
            break
        found = [replace(leaf, names=leaf.names[1:]) for leaf in found]
    return found


def _walk(source: Path, folder: Path, split: str, names: tuple[str, ...], depth: int) -> Iterator[Leaf]:
    files = [name for name in image_files(folder) if not unusable(folder / name, source)]
    if files:
        beside = companions(files)
        parts = {name for one in beside.values() for name in one.values()}
        yield Leaf(folder, split, names, tuple(name for name in files if name not in parts), beside)
    if depth >= _DEEPEST:
        return
    inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))
    inner = [path for path in inner if not unusable(path, source)]
    parts = folder_parts([path.name for path in inner])
    for path in inner:
        part, rest = parts[path.name]
        more = (rest,) if rest and not (is_generic(rest) and names) else ()
        yield from _walk(source, path, part or split, names + more, depth + 1)


def image_files(folder: Path) -> list[str]:
    """Names of image files, sorted."""
    with os.scandir(folder) as entries:
        return sorted(
            entry.name for entry in entries
            if entry.name.lower().endswith(_ENDINGS) and not entry.name.startswith(".") and _is_file(entry)
        )  # fmt: skip


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        # A link in a circle; `left_out` names it.
        return False


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name: beside arrays such are plots and previews."""
    return name.lower().endswith(_PICTURES)


def of_one_kind(leaves: list[Leaf]) -> tuple[list[Leaf], list[str]]:
    """The folders of one data set, and what was left out: plots, previews, weights.

    A folder whose files are of another kind than most, and whose name is no class, is none of the set; nor are pictures named
    like an array beside them. Where all are pictures, a folder of another size of picture than most, and no class, is none.
    """
    results = [leaf for leaf in leaves if leaf.names and is_output(leaf.folder.name)]
    if 0 < len(results) < len(leaves):
        kept, out = of_one_kind([leaf for leaf in leaves if leaf not in results])
        return kept, _named(results) + out
    counts = Counter(_kind(name) for leaf in leaves for name in leaf.files)
    # Beside arrays, pictures are plots, however many, unless classes are made of them.
    if len(counts) > 1 and not _mostly_pictures(leaves):
        del counts["picture"]
    usual = counts.most_common(1)[0][0] if counts else ""
    several = len(leaves) > 1
    kept, out = [], []
    for leaf in leaves:
        other = several and usual not in {_kind(name) for name in leaf.files}
        # Files right in the source may be a stack, and the others what is made of it.
        other = other and not (not leaf.names and all(_kind(name) == "npy" for name in leaf.files) and not _has_classes(leaves))
        (out if other and not is_class(leaf.name) else kept).append(leaf)
    slim = [_without_previews(leaf) for leaf in kept]
    fewer = [f"{leaf.folder.name}/: pictures named like arrays" for leaf, one in zip(kept, slim, strict=True) if leaf != one]
    odd = _odd_sizes(slim) if usual == "picture" else []
    return [leaf for leaf in slim if leaf not in odd], _named(out + odd) + fewer


def _has_classes(leaves: list[Leaf]) -> bool:
    return any(is_class(leaf.name) for leaf in leaves)


def of_one_lens(leaf: Leaf) -> Leaf:
    """A folder of a few files of which one is named like an image and the others like models, noise or masks: with that alone."""
    named = [name for name in leaf.files if roles.role(name.split(".")[0]) == roles.SCIENCE]
    others = [name for name in leaf.files if roles.role(name.split(".")[0]) not in (roles.SCIENCE, roles.UNKNOWN)]
    return replace(leaf, files=tuple(named)) if len(named) == 1 and len(others) == len(leaf.files) - 1 > 0 else leaf


def without_rows(leaves: list[Leaf]) -> tuple[list[Leaf], list[str]]:
    """Folders of a few files without npy arrays of one axis, such as labels or parameters, and the names of these."""
    kept, out = [], []
    for leaf in leaves:
        few = leaf.files if len(leaf.files) <= _MOST_FILES else ()
        shapes = {name: shape_of(leaf.folder / name) for name in few if name.endswith(".npy")}
        rows = [name for name, shape in shapes.items() if shape is not None and len(shape) == 1 and shape[0] < _LEAST_PIXELS]
        gone = rows if len(rows) < len(leaf.files) else []
        out += gone
        kept.append(replace(leaf, files=tuple(name for name in leaf.files if name not in gone)))
    return kept, out


def _kind(name: str) -> str:
    suffix = Path(name).suffix.lower().removeprefix(".")
    kinds = {"npz": "npy", "h5": "npy", "hdf5": "npy", "mat": "npy", "pth": "torch", "pt": "torch", "tif": "tiff"}
    return "picture" if is_picture(name) else kinds.get(suffix, "fits" if ".fi" in name.lower() else suffix)


def _odd_sizes(leaves: list[Leaf]) -> list[Leaf]:
    sizes = [_picture_size(leaf) for leaf in leaves]
    usual = Counter(sizes).most_common(1)[0][0] if sizes else None
    return [leaf for leaf, size in zip(leaves, sizes, strict=True) if size != usual and not is_class(leaf.name)]


def _mostly_pictures(leaves: list[Leaf]) -> bool:
    """Whether class folders hold pictures and only the source itself a few arrays, such as a mean image."""
    inner = [leaf for leaf in leaves if leaf.names]
    return bool(inner) and all(map(is_picture, [name for leaf in inner for name in leaf.files])) and any(
        is_class(leaf.name) for leaf in inner
    )  # fmt: skip


def _without_previews(leaf: Leaf) -> Leaf:
    stems = {Path(name).stem for name in leaf.files if not is_picture(name)}
    return replace(leaf, files=tuple(name for name in leaf.files if not (is_picture(name) and Path(name).stem in stems)))


def _picture_size(leaf: Leaf) -> tuple[int, int] | None:
    from PIL import Image

    try:
        with Image.open(leaf.folder / leaf.files[0], formats=("PNG", "JPEG")) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError):
        return None


def _named(leaves: list[Leaf]) -> list[str]:
    return [f"{leaf.folder.name}/ ({len(leaf.files)} files)" for leaf in leaves]
