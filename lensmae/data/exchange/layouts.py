"""Data sets as others keep them: what a folder or file holds, found from names and headers, without reading pixels.

Known are class folders, also under train/, val/ and test/; LR/ and HR/ with equal names; a folder of image files; and stacks:
arrays (N, H, W) in npy, npz or HDF5 files, with their labels and parameters in arrays of length N beside them.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lensmae.data.exchange.names import CLASS_NAMES, UNKNOWN, class_name, split_name
from lensmae.data.exchange.stack_layout import Stack, find_stacks, images_in, stack_lenses
from lensmae.data.exchange.stack_reading import stored_arrays
from lensmae.data.exchange.stacks import STACK_SUFFIXES, StoredArray
from lensmae.data.images.reader import SUFFIXES
from lensmae.data.simulation.presets import CLASSES
from lensmae.data.store.dataset import RECORD
from lensmae.errors import DatasetError, ImageReadError

_ENDINGS = tuple(f".{suffix}" for suffix in SUFFIXES)
# A folder of more npy, npz or HDF5 files than this holds single images; of fewer, each file is looked into.
_MOST_STACKS = 64


@dataclass(frozen=True)
class Layout:
    """What was found.

    Attributes:
        root: the folder or the file.
        title: the kind of layout, in words.
        lenses: one row a lens: class, split ("" where the layout has none), source_file, low_file (LR beside an HR file), and
            parameters that lie beside a stack.
        stacks: arrays whose rows, one after the other, are `lenses`; empty where every lens has a file.
        is_pair: whether there is an HR image for every lens.
    """

    root: Path
    title: str
    lenses: pd.DataFrame
    stacks: tuple[Stack, ...] = ()
    is_pair: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes that occur, DeepLense's first."""
        found = set(self.lenses["class"])
        return tuple(name for name in CLASSES if name in found) + tuple(sorted(found - set(CLASSES)))

    @property
    def has_splits(self) -> bool:
        """Whether train, validation or test are named."""
        return bool((self.lenses["split"] != "").any())


def find_layout(source: Path, classes: Sequence[str] | None = None) -> Layout:
    """The layout of a folder or of an npy, npz or HDF5 file.

    Args:
        source: folder or file.
        classes: names of integer labels 0, 1, ... of a stack; without them they are called class_0, class_1, ...

    Raises `DatasetError` where nothing of the kind is there.
    """
    if source.is_file():
        if source.suffix.lower() not in STACK_SUFFIXES:
            raise DatasetError(f"{source} is one file and no npy, npz or HDF5 file; name the folder that it lies in.")
        return _stack_layout(source, [source], classes)
    if not source.is_dir():
        raise DatasetError(f"There is no folder or file {source}.")
    if (source / RECORD).is_file():
        raise DatasetError(f"{source} is a LensMAE data set already; it can be opened by its path, or copied into the workspace.")
    folder = _descend(source)
    layout = _pairs(source, folder) or _class_folders(source, folder, classes) or _flat(source, folder, classes)
    if layout is None:
        raise DatasetError(
            f"{source} is no data set: it has no dataset.json, no class folders ({', '.join(CLASSES)}) with image files, no LR/ "
            "and HR/, no image files, and no npy, npz or HDF5 file with an array (lenses, height, width)."
        )
    return layout


def _descend(folder: Path) -> Path:
    """Through folders that hold one folder and nothing else, as archives unpack to."""
    for _ in range(3):
        inner = [path for path in folder.iterdir() if not path.name.startswith((".", "__"))]
        only = inner[0] if len(inner) == 1 else None
        if only is None or not only.is_dir() or split_name(only.name) or class_name(only.name) in CLASSES or _image_files(only):
            break
        folder = only
    return folder


def _image_files(folder: Path) -> list[str]:
    """Names of image files, sorted."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if _is_image(entry.name) and entry.is_file())


def _is_image(name: str) -> bool:
    return name.lower().endswith(_ENDINGS) and not name.startswith(".")


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))


def _parts(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folder itself, and train/, val/ and test/ in it, each with its split."""
    yield folder, ""
    for path in _folders(folder):
        if part := split_name(path.name):
            yield path, part


def _pairs(root: Path, folder: Path) -> Layout | None:
    rows = []
    for above, split in _parts(folder):
        named = {path.name.upper(): path for path in _folders(above)}
        if {"LR", "HR"} <= set(named):
            rows += _pair_rows(root, named["LR"], named["HR"], split)
    return Layout(root, "LR/HR pairs", pd.DataFrame(rows), is_pair=True) if rows else None


def _pair_rows(root: Path, low: Path, high: Path, split: str) -> list[dict[str, str]]:
    lows, highs = ({Path(name).stem: name for name in _image_files(folder)} for folder in (low, high))
    alone = sorted(set(lows) ^ set(highs))
    if alone:
        names = [lows.get(stem) or highs[stem] for stem in alone[:3]]
        raise DatasetError(f"{low.parent}: {len(alone)} files are in only one of LR/ and HR/ ({', '.join(names)} ...).")
    source, target = low.relative_to(root), high.relative_to(root)
    return [
        {
            "id": stem if not split else f"{split}-{stem}",
            "class": UNKNOWN,
            "split": split,
            "source_file": str(target / highs[stem]),
            "low_file": str(source / lows[stem]),
        }
        for stem in lows
    ]


def _class_folders(root: Path, folder: Path, classes: Sequence[str] | None) -> Layout | None:
    rows: list[tuple[str, str, str]] = []
    stacks: list[Path] = []
    for above, split in _parts(folder):
        found = [(path, _image_files(path)) for path in _folders(above) if not split_name(path.name)]
        stacks += [path / name for path, names in found for name in names if Path(name).suffix.lower() in STACK_SUFFIXES]
        for path, names in found:
            place = path.relative_to(root)
            rows += [(class_name(path.name), split, f"{place}/{name}") for name in names]
        if split and not any(names for _, names in found):
            place, names = above.relative_to(root), _image_files(above)
            rows += [(kind, split, f"{place}/{name}") for kind, name in zip(_classes_of(names), names, strict=True)]
    if _are_stacks(stacks, root):
        return _stack_layout(root, stacks, classes)
    return _file_layout(root, "class folders", rows)


def _classes_of(names: Sequence[str]) -> list[str]:
    """Classes of files in one folder: all names begin with a class, as in `cdm_sim_1.npy`, or none is known."""
    found = [re.match(rf"({'|'.join(sorted(CLASS_NAMES, key=len, reverse=True))})[_-]", name.lower()) for name in names]
    return [class_name(match[1]) if match and all(found) else UNKNOWN for match in found]


def _flat(root: Path, folder: Path, classes: Sequence[str] | None) -> Layout | None:
    names = _image_files(folder)
    stacks = [folder / name for name in names if Path(name).suffix.lower() in STACK_SUFFIXES]
    if _are_stacks(stacks, root):
        return _stack_layout(root, stacks, classes)
    place = folder.relative_to(root)
    rows = [(kind, "", str(place / name)) for kind, name in zip(_classes_of(names), names, strict=True)]
    return _file_layout(root, "folder of images", rows)


def _are_stacks(files: list[Path], above: Path) -> bool:
    """Whether most of these npy, npz and HDF5 files that hold images hold many each, not one."""
    if len(files) > _MOST_STACKS:
        return False
    held = [images_in(_arrays(file, above)) for file in files]
    return sum(n > 1 for n in held) > sum(n == 1 for n in held)


def _arrays(file: Path, above: Path) -> list[StoredArray]:
    try:
        return stored_arrays(file, above)
    except ImageReadError:
        # A damaged file says nothing of the folder; it is named when it is read.
        return []


def _file_layout(root: Path, title: str, rows: list[tuple[str, str, str]]) -> Layout | None:
    if not rows:
        return None
    table = pd.DataFrame(rows, columns=["class", "split", "source_file"])
    order = {name: place for place, name in enumerate(CLASSES)}
    table = table.sort_values(
        "class", key=lambda column: column.map(lambda name: (order.get(name, len(order)), name)), kind="stable"
    )
    table = table.reset_index(drop=True)
    table.insert(0, "id", [f"{name}_{place:06d}" for place, name in enumerate(table["class"])])
    return Layout(root, title, table)


def _stack_layout(root: Path, files: list[Path], classes: Sequence[str] | None) -> Layout:
    arrays, problems = [], []
    above = root if root.is_dir() else root.parent
    for file in files:
        try:
            arrays += stored_arrays(file, above)
        except ImageReadError as problem:
            problems.append(str(problem))
    stacks = find_stacks(arrays, above, classes)
    if not stacks:
        what = " ".join(problems) or "It holds no array of numbers with the axes (lenses, height, width)."
        raise DatasetError(f"{root} holds no stack of images. {what}")
    lenses = pd.concat([stack_lenses(stack, above) for stack in stacks], ignore_index=True)
    lenses.insert(0, "id", [f"{name}_{place:06d}" for place, name in enumerate(lenses["class"])])
    return Layout(root, "stack", lenses, tuple(stacks), any(stack.targets is not None for stack in stacks))


def describe(layout: Layout) -> str:
    """One sentence about what was found, before anything is read."""
    kinds = ", ".join(f"{count} {name}" for name, count in Counter(layout.lenses["class"]).items())
    splits = Counter(split or "no split named" for split in layout.lenses["split"])
    what = "pairs" if layout.is_pair else "lenses"
    parts = ", ".join(f"{count} {split}" for split, count in splits.items()) if layout.has_splits else "no split named"
    return f"{layout.title}: {len(layout.lenses):,} {what} ({kinds}); {parts}."
