"""Arrays of an entry a lens that lie beside an npy file: they say which axis of it is that of lenses (`axes.lenses_said`)."""

import io
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lensmae.data.images import roles
from lensmae.data.images.formats.npy import read_header
from lensmae.errors import ImageReadError

# A folder of more files is one of lenses, not of a stack and what belongs to it.
_MOST_FILES = 64
_LEAST_FLAT = 256


def may_be_stack(shape: Sequence[int]) -> bool:
    """Whether an array of a shape may hold several lenses, as a cube or as rows of flattened pixels."""
    return len(shape) > 2 or (len(shape) == 2 and shape[1] >= _LEAST_FLAT and shape[0] != shape[1])


def content_may_be_stack(content: bytes) -> bool:
    """The same of the content of an npy file."""
    shape = shape_in(content)
    return shape is not None and may_be_stack(shape)


def lengths_beside(path: Path) -> dict[str, int]:
    """Lengths of the npy files of one axis in the folder of an npy file, by name; none where the folder has many files."""
    try:
        with os.scandir(path.parent) as entries:
            names = list(itertools.islice((one.name for one in entries if one.name.endswith(".npy")), _MOST_FILES + 1))
    except OSError:
        return {}
    if len(names) > _MOST_FILES:
        return {}
    shapes = {name: shape_of(path.parent / name) for name in names if name != path.name}
    return {Path(name).stem: shape[0] for name, shape in shapes.items() if shape is not None and len(shape) == 1}


def labels_among(files: Iterable[Path]) -> dict[Path, Path]:
    """Of npy files those that are named like labels and have an entry a lens of another of their folder, and that other."""
    folders: dict[Path, list[Path]] = {}
    for path in files:
        if path.suffix == ".npy":
            folders.setdefault(path.parent, []).append(path)
    found = {}
    for here in folders.values():
        labels = [path for path in here if roles.is_of_lenses(path.stem)] if len(here) <= _MOST_FILES else []
        shapes = {path: shape_of(path) for path in here} if labels else {}
        named = {path.name: path for path in here}
        of = labels_of({path.name: shape for path, shape in shapes.items()}, [path.name for path in labels])
        found |= {named[part]: named[image] for part, image in of.items()}
    return found


def labels_of(shapes: Mapping[str, tuple[int, ...] | None], labels: Sequence[str]) -> dict[str, str]:
    """By the name of a file of labels, that of the stack which they are of.

    Args:
        shapes: of npy files by name; None of what is none.
        labels: names of those that are named like labels.
    """
    found = {}
    for part in labels:
        length = shape[0] if (shape := shapes[part]) is not None and len(shape) == 1 else None
        for name, sides in shapes.items():
            if sides is not None and may_be_stack(sides) and length in _of_lenses(sides):
                found[part] = name
                break
    return found


def _of_lenses(sides: Sequence[int]) -> tuple[int, ...]:
    """Sides that may be those of lenses: the first, and the last where no other is as long."""
    return (sides[0], *sides[-1:]) if sides[-1] not in sides[:-1] else (sides[0],)


def shape_of(path: Path) -> tuple[int, ...] | None:
    """Shape of the array of an npy file; None of any other file."""
    try:
        with path.open("rb") as file:
            return read_header(file).shape
    except (OSError, ImageReadError):
        return None


def shape_in(content: bytes) -> tuple[int, ...] | None:
    """The same of the content of a file."""
    try:
        return read_header(io.BytesIO(content)).shape
    except ImageReadError:
        return None
