"""Data sets as others keep them: what a folder or file holds, found from names and headers, without reading pixels.

Known are class folders, also under train/, val/ and test/ or named like train_lenses; LR/ and HR/ with equal names; a folder of
image files, also a file or a folder a band, with a table of labels beside them; and stacks: arrays of many lenses in npy, npz,
HDF5, FITS, TIFF, MATLAB or torch files, with their labels and parameters in arrays of as many entries beside them. What is left
out is listed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from lensmae.data.exchange.band_files import bands_in_folders, bands_in_lens_folders, bands_in_names
from lensmae.data.exchange.folder_entries import left_out, unusable
from lensmae.data.exchange.given_splits import from_indices, stricter
from lensmae.data.exchange.leaves import Leaf, find_leaves, of_one_kind, of_one_lens, without_rows
from lensmae.data.exchange.links import once_each
from lensmae.data.exchange.names import UNKNOWN, class_name, held_out_split, is_class, is_generic, parts_of_names
from lensmae.data.exchange.pairs import find_pairs
from lensmae.data.exchange.single_values import single_values
from lensmae.data.exchange.stacks.folders import LOOKED_AT, are_stacks, arrays_of_file
from lensmae.data.exchange.stacks.images import images_in
from lensmae.data.exchange.stacks.importing import may_hold_stack
from lensmae.data.exchange.stacks.layout import Stack, find_stacks, stack_lenses
from lensmae.data.exchange.stacks.reading import stored_arrays
from lensmae.data.exchange.tables.frames import TABLES
from lensmae.data.exchange.tables.label_tables import LabelTable, find_table, table_in_order, table_of_sidecars
from lensmae.data.exchange.tables.split_lists import listed_indices
from lensmae.data.images.axes import NO_CHOICE, ArrayChoice
from lensmae.data.images.guarded_reader import read_image
from lensmae.data.simulation.presets import CLASSES
from lensmae.data.store.dataset import RECORD
from lensmae.errors import DatasetError, ImageReadError

# So many arrays that are passed over are named.
_MOST_NAMED = 20
_LISTED = (*TABLES, ".png", ".jpg", ".pkl", ".pth", ".pt", ".npy", ".npz", ".h5")


@dataclass(frozen=True)
class Layout:
    """What was found.

    Attributes:
        root: the folder or the file.
        title: the kind of layout, in words.
        lenses: one row a lens: class, split ("" where the layout has none), source_file, low_file (LR beside an HR file), and
            parameters that lie beside a stack or in a table.
        stacks: arrays whose rows, one after the other, are `lenses`; empty where every lens has a file.
        is_pair: whether there is an HR image for every lens.
        bands: names of the bands of lenses that have a file a band, and by `source_file` all files of a lens.
        beside: by `source_file` the noise, flags and PSF of an image.
        ignored: what lies there and is no part of the set.
        notes: what one might not expect, in full sentences.
        choice: which array, band and axes the user says.
        splits_listed: whether tables or lists beside the files say splits.
    """

    root: Path
    title: str
    lenses: pd.DataFrame
    stacks: tuple[Stack, ...] = ()
    is_pair: bool = False
    bands: tuple[str, ...] = ()
    band_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    choice: ArrayChoice = NO_CHOICE
    splits_listed: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes that occur, DeepLense's first."""
        found = set(self.lenses["class"])
        return tuple(name for name in CLASSES if name in found) + tuple(sorted(found - set(CLASSES)))

    @property
    def has_splits(self) -> bool:
        """Whether train, validation or test are named."""
        return bool((self.lenses["split"] != "").any())

    @property
    def split_of_others(self) -> str:
        """The split of lenses of which none is named, where others have one: training where tables or lists name those that are
        held out and no others; else test, as nothing says that they may be trained on."""
        return "train" if self.splits_listed and not (self.lenses["split"] == "train").any() else "test"


def find_layout(source: Path, classes: Sequence[str] | None = None, choice: ArrayChoice = NO_CHOICE) -> Layout:
    """The layout of a folder or of a file with a stack: npy, npz, HDF5, FITS, TIFF, MATLAB or torch.

    Args:
        source: folder or file.
        classes: names of integer labels 0, 1, ... of a stack; those of `choice` where None. Without any they are called class_0,
            class_1, ...
        choice: which array of files with several, which band, and which axis is which.

    Raises `DatasetError` where nothing of the kind is there.
    """
    classes = choice.classes if classes is None else classes
    if source.is_file():
        return _held_out(_of_file(source, classes, choice), source.parent)
    if not source.is_dir():
        raise DatasetError(f"There is no folder or file {source}.")
    if (source / RECORD).is_file():
        raise DatasetError(f"{source} is a LensMAE data set already; it can be opened by its path, or copied into the workspace.")
    try:
        odd = left_out(source)
        leaves, ignored = of_one_kind(find_leaves(source))
    except OSError as problem:
        raise DatasetError(f"{source} cannot be read: {problem}.") from None
    layout = _pairs(source, leaves, choice) or _bands(source, leaves) or _folders(source, leaves, classes, choice)
    if layout is not None and not layout.stacks and not layout.is_pair:
        lenses, note = once_each(layout.root, layout.lenses)
        layout = replace(layout, lenses=_ordered(lenses), notes=(*layout.notes, note)) if note else layout
    if layout is None:
        raise DatasetError(
            f"{source} is no data set: it has no dataset.json, no class folders ({', '.join(CLASSES)}) with image files, no LR/ "
            "and HR/, no image files, and no file with an array (lenses, height, width)."
            + (f" Left out: {', '.join(odd[:3])}." if odd else "")
        )
    others = _others(source, layout)
    return _held_out(replace(layout, ignored=(*layout.ignored, *ignored, *odd, *others), choice=choice), source)


def _of_file(source: Path, classes: Sequence[str] | None, choice: ArrayChoice) -> Layout:
    """A stack in one file, or its one image. Raises `DatasetError` that says why it is neither."""
    try:
        if not may_hold_stack(source):
            raise _NoStack("its name is not that of a file of arrays")
        return _stack_layout(source, [source], classes, choice)
    except DatasetError as problem:
        if not isinstance(problem, _NoStack):
            raise
        try:
            image = read_image(source, item=choice.item, band=choice.band, axes=choice.axes)
        except ImageReadError as reason:
            raise DatasetError(f"{source} holds no stack of images. {reason}") from None
        if image.lenses > 1:
            raise DatasetError(
                f"{source} holds {image.lenses:,} lenses in a form that is not imported: records, objects or a packed file. Save "
                "them as one array: numpy.save('lenses.npy', images)."
            ) from None
    return replace(_file_layout(source.parent, "one image", [(UNKNOWN, "", source.name)]), choice=choice)


class _NoStack(DatasetError):
    """A file without an array of lenses."""


def _held_out(layout: Layout, folder: Path) -> Layout:
    """Where nothing within says a split and the folder's own name says test or validation, that of all lenses."""
    split = next((found for one in (folder, folder.parent) if (found := held_out_split(one.name))), "")
    if not split or layout.has_splits:
        return layout
    note = f"They lie in a folder named for {split}, so none is for training; a split that is given goes before that."
    return replace(layout, lenses=layout.lenses.assign(split=split), notes=(*layout.notes, note))


def _others(source: Path, layout: Layout) -> list[str]:
    """Files right in the source that are no image of the set, and neither labels nor a table that was used."""
    used = {Path(str(name).split("[")[0].split(":")[0]).name for name in layout.lenses["source_file"]}
    used |= {array.name for stack in layout.stacks for array in stack.used}
    files = [path for path in sorted(source.iterdir()) if path.name.lower().endswith(_LISTED) and not unusable(path, source)]
    shown = [path.name for path in files if path.is_file()]
    said = " ".join(layout.notes)
    return [name for name in shown if name not in used and name not in said and name not in layout.ignored]


def _pairs(root: Path, leaves: list[Leaf], choice: ArrayChoice) -> Layout | None:
    found = find_pairs(root, leaves, choice)
    if found is None:
        return None
    layout = Layout(root, "LR/HR pairs", pd.DataFrame(found.rows), is_pair=True, ignored=found.ignored, notes=found.notes)
    return _with_table(layout, root, leaves, in_folders=False, says_classes=False)


def _bands(root: Path, leaves: list[Leaf]) -> Layout | None:
    """Lenses with a file a band, in folders or by the ends of names."""
    found = bands_in_folders(leaves) or bands_in_lens_folders(leaves)
    if found is None and len(leaves) == 1 and not is_class(leaves[0].name):
        found = bands_in_names(leaves[0])
    if found is None:
        return None
    paths = {lens: tuple(_path(root, leaf, name) for leaf, name in parts) for lens, parts in found.files.items()}
    rows = [(UNKNOWN, found.files[lens][0][0].split, parts[0]) for lens, parts in paths.items()]
    layout = _file_layout(root, "lenses with a file a band", rows)
    note = f"Each lens has {len(found.bands)} bands ({', '.join(found.bands)}) in files of their own."
    lens_folders = {Path(part).parent for parts in paths.values() for part in parts}
    in_folders = len(lens_folders) == len(paths) > 1
    with_table = _with_table(layout, root, leaves, in_folders)
    if with_table is layout and not in_folders:
        # Of `100000_g.fits` a table may name `100000` alone.
        with_table = _with_table(layout, root, leaves, in_folders, named=list(map(str, found.files)))
    files = {parts[0]: parts for parts in paths.values()}
    return replace(with_table, bands=found.bands, band_files=files, notes=(note, *with_table.notes))


def _path(root: Path, leaf: Leaf, name: str) -> str:
    return str(leaf.folder.relative_to(root) / name)


def _folders(root: Path, leaves: list[Leaf], classes: Sequence[str] | None, choice: ArrayChoice) -> Layout | None:
    leaves, ignored = _one_set(root, leaves, choice)
    arrays = [leaf.folder / name for leaf in leaves for name in leaf.files if may_hold_stack(Path(name))]
    if are_stacks(arrays, root, choice):
        layout = _stack_layout(root, arrays, classes, choice)
        layout = replace(layout, ignored=(*layout.ignored, *ignored))
        if len(layout.stacks) > 1:
            return layout
        folder, n = layout.stacks[0].images.file.parent, len(layout.lenses)
        table = table_in_order(folder, n)
        if table is not None:
            layout = _as_table_says(layout, table, set(layout.lenses["class"]) == {UNKNOWN}, moved=False)
        listed = from_indices(listed_indices(folder), n)
        return layout if listed is None else _with_splits(layout, listed, "Lists of indices beside the stack say its splits.")
    leaves, rows_alone = without_rows([of_one_lens(leaf) for leaf in leaves])
    ignored = [*ignored, *rows_alone]
    a_lens_each = len(leaves) > 1 and all(len(leaf.files) == 1 and leaf.names and not is_class(leaf.name) for leaf in leaves)
    told = {leaf.names for leaf in leaves if leaf.names and not is_generic(leaf.name)}
    named = len(told) > 1 or any(is_class(leaf.name) for leaf in leaves)
    named = named and not a_lens_each
    rows, beside = [], {}
    for leaf in leaves:
        splits, kinds = parts_of_names(leaf.files)
        kinds = [class_name(leaf.name)] * len(leaf.files) if named and leaf.names in told else kinds
        rows += [
            (kind, leaf.split or split, _path(root, leaf, name))
            for kind, split, name in zip(kinds, splits, leaf.files, strict=True)
        ]
        for name, parts in leaf.beside.items():
            beside[_path(root, leaf, name)] = {role: _path(root, leaf, part) for role, part in parts.items()}
    if not rows:
        return None
    title = "a folder a lens" if a_lens_each else "class folders" if named else "folder of images"
    layout = _file_layout(root, title, rows)
    unknown = not named and set(layout.lenses["class"]) == {UNKNOWN}
    table = _with_table(layout, root, leaves, a_lens_each, unknown)
    layout = _with_values(layout, classes) if table is layout and unknown else table
    kept = sum(map(len, beside.values()))
    notes = (f"{kept} files are the noise, flags or PSF of images beside them.",) if kept else ()
    return replace(layout, ignored=tuple(ignored), beside=beside, notes=layout.notes + notes)


def _with_splits(layout: Layout, splits: Sequence[str], note: str) -> Layout:
    """A layout with splits that are said elsewhere; a lens that is said to be of several is held out."""
    kept = [stricter(old, new) for old, new in zip(layout.lenses["split"], splits, strict=True)]
    return replace(layout, lenses=layout.lenses.assign(split=kept), notes=(*layout.notes, note), splits_listed=True)


def _with_values(layout: Layout, classes: Sequence[str] | None) -> Layout:
    """Classes and parameters from single values in the files."""
    found = single_values(layout.root, list(layout.lenses["source_file"]), classes)
    if found is None:
        return layout
    kinds, others, label = found
    lenses = layout.lenses.assign(**{"class": kinds}, **others)
    return replace(layout, lenses=_ordered(lenses), notes=(*layout.notes, f"The classes are the values {label} in the files."))


def _one_set(root: Path, leaves: list[Leaf], choice: ArrayChoice) -> tuple[list[Leaf], list[str]]:
    """The folders of one data set, and what beside them is none of it. `DatasetError` where there are several sets."""
    inner = [leaf for leaf in leaves if leaf.names]
    outer = [leaf for leaf in leaves if not leaf.names]
    unnamed = [leaf for leaf in outer if leaf.split]
    groups = {leaf.names[:-1] for leaf in inner}
    sets = sorted({leaf.names[0] for leaf in inner}) if len(groups) > 1 else []
    if len(sets) > 1 and any(is_class(leaf.name) for leaf in inner) and not all(is_class(name) for name in sets):
        raise DatasetError(f"{root} holds several data sets: {', '.join(sets[:8])}. Name one of them.")
    right_here = [leaf for leaf in outer if not leaf.split]
    if inner and right_here:
        (own,) = right_here
        arrays = [own.folder / name for name in own.files if may_hold_stack(Path(name))]
        stacked = sum(images_in(arrays_of_file(path, root), choice) for path in arrays[:LOOKED_AT])
        if stacked > max(1, len(arrays)) and stacked > sum(len(leaf.files) for leaf in inner) and not _known(inner):
            return [own, *unnamed], [f"{leaf.folder.name}/ ({len(leaf.files)} files)" for leaf in inner]
        return [*inner, *unnamed], [name for leaf in right_here for name in leaf.files][:20]
    return leaves, []


def _known(leaves: list[Leaf]) -> bool:
    return any(is_class(leaf.name) for leaf in leaves)


def _file_layout(root: Path, title: str, rows: list[tuple[str, str, str]]) -> Layout:
    table = pd.DataFrame(rows, columns=["class", "split", "source_file"])
    return Layout(root, title, _ordered(table))


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by class, DeepLense's first, with ids."""
    order = {name: index for index, name in enumerate(CLASSES)}
    table = table.sort_values(
        "class", key=lambda column: column.map(lambda name: (order.get(name, len(order)), name)), kind="stable"
    )
    table = table.drop(columns="id", errors="ignore").reset_index(drop=True)
    table.insert(0, "id", [f"{name}_{index:06d}" for index, name in enumerate(table["class"])])
    return table


def _with_table(
    layout: Layout, root: Path, leaves: list[Leaf], in_folders: bool, says_classes: bool = True, named: list[str] | None = None
) -> Layout:
    """Classes, splits and parameters from tables beside the files; the same layout where there are none.

    Args:
        layout: of single files.
        root: of the set.
        leaves: its folders.
        in_folders: whether each lens has a folder, by which tables name it.
        says_classes: whether its classes are wanted; folders of classes say those themselves.
        named: what tables call the lenses, where that is neither a file nor a folder.
    """
    files = layout.lenses["source_file"].tolist()
    named = named or ([Path(name).parent.as_posix() for name in files] if in_folders else files)
    folders = {root}.union(*({leaf.folder, *leaf.folder.parents} for leaf in leaves))
    here = [folder for folder in folders if folder.is_relative_to(root)]
    table = find_table(here, named, layout.lenses["split"].tolist())
    table = table_of_sidecars(root, files) if table is None else table
    return layout if table is None else _as_table_says(layout, table, says_classes)


def _as_table_says(layout: Layout, table: LabelTable, says_classes: bool, moved: bool = True) -> Layout:
    """The layout with what a table says; `moved`: its rows may be put into the order of the classes, as those of files are."""
    lenses = layout.lenses.copy()
    if says_classes:
        lenses["class"] = [kind or old for kind, old in zip(table.classes, lenses["class"], strict=True)]
    splits = table.splits
    if splits is not None:
        lenses["split"] = [stricter(old, new) for old, new in zip(lenses["split"], splits, strict=True)]
    for name, values in table.numbers.items():
        if name not in lenses and name.lower() not in ("class", "split", "source_file", "notes", "id"):
            lenses[name] = values
    said = [f"classes from the column {table.label}" if table.label else "no column of classes in it"] if says_classes else []
    said += [] if splits is None else ["their splits"]
    names = ", ".join(file.name for file in table.files)
    notes = [f"{names} names the lenses" + (f": {', '.join(said)}." if said else ".")]
    if table.folds > 1:
        notes.append(f"They are {table.folds} folds of a cross-validation; the first is taken.")
    if table.coded is not None:
        notes.append(
            f"Its column {table.coded} says splits as numbers, which nobody can know; all lenses are test. Save it as words "
            "(train, validation, test)."
        )
    made = replace(layout, lenses=_ordered(lenses) if moved else lenses, notes=(*layout.notes, *notes))
    return replace(made, splits_listed=layout.splits_listed or splits is not None)


def _stack_layout(root: Path, files: list[Path], classes: Sequence[str] | None, choice: ArrayChoice) -> Layout:
    arrays, problems = [], []
    above = root if root.is_dir() else root.parent
    for file in files:
        try:
            arrays += stored_arrays(file, above)
        except ImageReadError as problem:
            problems.append(str(problem))
    stacks = find_stacks(arrays, above, classes, choice)
    if not stacks:
        what = " ".join(problems) or "It holds no array of numbers with the axes (lenses, height, width)."
        raise _NoStack(f"{root} holds no stack of images. {what}")
    lenses = pd.concat([stack_lenses(stack, above) for stack in stacks], ignore_index=True)
    lenses.insert(0, "id", [f"{name}_{index:06d}" for index, name in enumerate(lenses["class"])])
    notes = tuple(dict.fromkeys(note for stack in stacks for note in stack.notes))
    is_pair = any(stack.targets is not None for stack in stacks)
    # What lies beside stacks that are named for testing is for training, as with folders.
    said = any("split" in stack.columns for stack in stacks) or {"train", ""} & {stack.split for stack in stacks} == {""}
    used = {id(one) for stack in stacks for one in (stack.images, stack.targets)}
    over = [f"{one.location} {one.shape}" for one in arrays if one.key and len(one.shape) > 2 and id(one) not in used]
    return Layout(
        root,
        "stack",
        lenses,
        tuple(stacks),
        is_pair,
        notes=notes,
        choice=choice,
        splits_listed=said,
        ignored=tuple(over[:_MOST_NAMED]),
    )


def describe(layout: Layout) -> str:
    """One sentence about what was found, before anything is read."""
    kinds = ", ".join(f"{count} {name}" for name, count in Counter(layout.lenses["class"]).items())
    splits = Counter(split or "no split named" for split in layout.lenses["split"])
    what = "pairs" if layout.is_pair else "lenses"
    parts = ", ".join(f"{count} {split}" for split, count in splits.items()) if layout.has_splits else "no split named"
    return f"{layout.title}: {len(layout.lenses):,} {what} ({kinds}); {parts}."
