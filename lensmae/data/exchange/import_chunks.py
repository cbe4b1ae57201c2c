"""Pixels of a layout, block by block: files in parallel, stacks in order. What cannot be read is named; the rest goes on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from lensmae.data.decoding import pieces, read_file
from lensmae.data.exchange.blocks import Block, Filler
from lensmae.data.exchange.layouts import Layout
from lensmae.data.exchange.rows import Form, Recipe, fitted, read_recipe, read_rows
from lensmae.data.exchange.stacks.importing import StoredArray
from lensmae.data.exchange.stacks.layout import Stack
from lensmae.data.exchange.stacks.reading import array_blocks, whole_array, whole_arrays
from lensmae.data.images.bands import Band
from lensmae.data.images.reader import LensImage, image_of
from lensmae.errors import DatasetError, ImageReadError
from lensmae.parts import completed

_BLOCK = 128
# Lenses of a stack that a process of a cluster reads at a time; calls handed over at a time, whose blocks wait to be written.
_STACK_PART, _IN_FLIGHT = 8 * _BLOCK, 32
_SAMPLE = 24


@dataclass(frozen=True)
class Sample:
    """Lenses spread over a layout that were read to find its form.

    Attributes:
        read: how many there were.
        other_shapes: how many have each shape that is not the form's, and so are no part of the set.
        scales: the least and the largest arcsec/pixel that a file says; None where none says one.
        unsaid: how many files say none.
        notes: what was done to the pixels of most of them.
        problems: why others were not read; an import leaves them out.
    """

    read: int
    other_shapes: dict[tuple[int, int], int]
    scales: tuple[float, float] | None
    unsaid: int
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def warnings(self, form: Form) -> list[str]:
        """What an import with this form would do that one might not expect, in plain words."""
        said = []
        if self.problems:
            count, looked_at = len(self.problems), self.read + len(self.problems)
            said.append(f"Of {looked_at} files looked at, {count} would be left out, as they cannot be read: {self.problems[0]}")
        if self.other_shapes:
            shapes = ", ".join(f"{height}x{width}" for height, width in self.other_shapes)
            count = sum(self.other_shapes.values())
            said.append(
                f"Of {self.read} images looked at, {count} would be left out: other pixels ({shapes}) than most. With a size "
                "in pixels a side, all are brought to it."
            )
        if form.pixel_scale is None and self.scales is not None:
            low, high = self.scales
            missing = f"{self.unsaid} of {self.read} images looked at say none"
            why = f"images looked at say from {low:.3g} to {high:.3g} arcsec" if high > 1.01 * low else missing
            said.append(f"The set will have no pixel scale: {why}. Give one to set it.")
        return [*said, *(f"Of most images: {note}" for note in self.notes)]


def find_form(
    layout: Layout, size: int | None = None, pixel_scale: float | None = None, clean: bool = False, find: bool = True
) -> tuple[Form, Sample]:
    """The commonest shape among lenses spread over the layout, where a single odd file does not decide; and those lenses.

    Args:
        layout: where the lenses are.
        size: pixels a side wished for; as they are where None.
        pixel_scale: arcsec/pixel wished for; as they are where None.
        clean: whether cosmic rays are removed first.
        find: whether the lens is looked for in images of a larger field than `size`.
    """
    if layout.is_pair and size is not None:
        raise DatasetError("LR/HR pairs keep their size; leave the size away.")
    if layout.is_pair and clean:
        raise DatasetError("LR/HR pairs keep their pixels; leave the removal of cosmic rays away.")
    seen: Counter[tuple[tuple[int, int], tuple[int, int] | None]] = Counter()
    scales, told, problems = [], Counter(), []
    for row in sorted(set(np.linspace(0, len(layout.lenses) - 1, _SAMPLE).astype(int).tolist())):
        try:
            image, target = _read_row(layout, row)
        except ImageReadError as one:
            problems.append(str(one))
            continue
        seen[image.pixels.shape, target.pixels.shape if target else None] += 1
        scales.append(image.pixel_scale)
        told.update(image.notes)
    if not seen:
        raise DatasetError(f"No image of {layout.root} could be read. {problems[-1]}")
    shape, target_shape = seen.most_common(1)[0][0]
    if target_shape is not None:
        _check_factor(layout.root, shape, target_shape)
    known = [scale for scale in scales if scale is not None]
    if pixel_scale is None and size is None and len(known) == len(scales) and max(known) <= 1.01 * min(known):
        pixel_scale = float(np.median(known))
    others = Counter({image: count for (image, _), count in seen.items() if size is None and image != shape})
    ends = (min(known), max(known)) if known else None
    notes = tuple(note for note, times in told.items() if 2 * times > len(scales))
    sample = Sample(len(scales), dict(others), ends, len(scales) - len(known), notes, tuple(problems))
    return Form((size, size) if size else shape, target_shape, size, pixel_scale, clean, find), sample


def _check_factor(root: Path, shape: tuple[int, int], target_shape: tuple[int, int]) -> None:
    factor, rest = divmod(target_shape[0], shape[0])
    if rest or factor < 2 or target_shape[1] != factor * shape[1]:
        raise DatasetError(f"{root}: HR images of {target_shape} are no whole multiple of LR images of {shape}.")


def read_blocks(
    layout: Layout,
    form: Form,
    todo: Sequence[tuple[int, int]] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Iterator[Block]:
    """Blocks of the rows in `todo` (start, stop), all by default; in any order where `jobs` is more than 1.

    Args:
        layout: where the lenses are.
        form: shape and scale that they are brought to.
        todo: rows, as (start, stop); all where None.
        jobs: processes, 1 or more.
        executor: processes of a cluster that see the same files and read them instead.
    """
    todo = [(0, len(layout.lenses))] if todo is None else todo
    if executor is not None:
        yield from _blocks_apart(layout, form, todo, executor)
        return
    if layout.stacks:
        yield from _stack_blocks(layout, form, todo)
        return
    pieces = _cut(todo, _BLOCK)
    calls = (delayed(_read_files)(layout.root, start, _recipes(layout, start, stop), form) for start, stop in pieces)
    # Processes cost a second to start; a few blocks are done sooner without.
    workers = 1 if len(pieces) <= 8 else jobs
    yield from Parallel(n_jobs=workers, backend="threading", return_as="generator_unordered", pre_dispatch="3 * n_jobs")(calls)


def _cut(todo: Sequence[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    return [(row, min(row + size, stop)) for start, stop in todo for row in range(start, stop, size)]


def _blocks_apart(layout: Layout, form: Form, todo: Sequence[tuple[int, int]], executor: Executor) -> Iterator[Block]:
    if layout.stacks:
        # An npz file is read from its beginning to the rows that are wanted, so that parts are large.
        calls = ((layout.stacks, layout.choice.band, form, [part]) for part in _cut(todo, _STACK_PART))
        for _, blocks in completed(executor, _read_stacks, calls, _IN_FLIGHT):
            yield from blocks
        return
    root = layout.root.absolute()
    calls = ((root, start, _recipes(layout, start, stop), form) for start, stop in _cut(todo, _BLOCK))
    for _, block in completed(executor, _read_files, calls, _IN_FLIGHT):
        yield block


def _read_stacks(stacks: Sequence[Stack], band: Band, form: Form, todo: Sequence[tuple[int, int]]) -> list[Block]:
    return list(_of_stacks(stacks, band, form, todo))


def _recipes(layout: Layout, start: int, stop: int) -> list[Recipe]:
    part = layout.lenses.iloc[start:stop]
    lows = part["low_file"].tolist() if layout.is_pair else [None] * len(part)
    choice = layout.choice
    return [
        Recipe(
            layout.band_files.get(file, (file,)),
            low,
            dict(layout.beside.get(file, {})),
            choice.item,
            choice.band,
            choice.axes,
            layout.bands,
        )
        for file, low in zip(part["source_file"], lows, strict=True)
    ]


def _read_files(root: Path, start: int, recipes: list[Recipe], form: Form) -> Block:
    filler, index, tried = Filler(start, len(recipes), form), 0, -1
    while index < len(recipes):
        try:
            for row in pieces(read_rows, root.absolute(), recipes[index:], form):
                with filler.row(start + index):
                    filler.put_row(start + index, row)
                index += 1
        except ImageReadError as problem:
            # It ended the decoding process; perhaps a file before it had harmed that, so it is tried once more.
            if index == tried:
                filler.problems[start + index] = f"{recipes[index].files[0]} was not read: {str(problem).rstrip('.')}."
                index += 1
            else:
                tried = index
    return filler.block()


def _read_row(layout: Layout, row: int) -> tuple[LensImage, LensImage | None]:
    """One lens and, in pairs, its HR image."""
    if not layout.stacks:
        (recipe,) = _recipes(layout, row, row + 1)
        return read_file(recipe.files[0], read_recipe, layout.root.absolute(), recipe)
    for stack in layout.stacks:
        if row < stack.n:
            ((low, high),) = _stack_rows(stack, row, row + 1)
            return _image(stack, low[0], None if high is None else high[0], layout.choice.band)
        row -= stack.n
    raise IndexError(row)


def _image(stack: Stack, low: np.ndarray, high: np.ndarray | None, band: Band) -> tuple[LensImage, LensImage | None]:
    """The image of one row of a stack, and its HR image."""
    name, axes, target_axes = stack.images.location, stack.axes.replace("N", ""), stack.target_axes.replace("N", "")
    target = None if high is None else image_of(high, name, band=band, axes=target_axes)
    return image_of(low, name, band=band, axes=axes, pixel_scale=stack.pixel_scale), target


def _stack_rows(stack: Stack, start: int, stop: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Images (n, ...) and targets of rows `start` to `stop` of a stack in pieces of equal length."""
    if not stack.axes.startswith("N"):
        # One lens, or lenses along another axis, as MATLAB has them.
        yield (
            _lenses_first(stack.images, stack.axes)[start:stop],
            (None if stack.targets is None else _lenses_first(stack.targets, stack.target_axes)[start:stop]),
        )
        return
    targets = array_blocks(stack.targets, start, stop) if stack.targets else None
    waiting: np.ndarray | None = None
    for images in array_blocks(stack.images, start, stop):
        if targets is None:
            yield images, None
            continue
        while waiting is None or len(waiting) < len(images):
            more = next(targets)
            waiting = more if waiting is None else np.concatenate([waiting, more])
        yield images, waiting[: len(images)]
        waiting = waiting[len(images) :]


def _lenses_first(array: StoredArray, axes: str) -> np.ndarray:
    whole = whole_array(array)
    return np.moveaxis(whole, axes.index("N"), 0) if "N" in axes else whole[None]


def _stack_blocks(layout: Layout, form: Form, todo: Sequence[tuple[int, int]]) -> Iterator[Block]:
    return _of_stacks(layout.stacks, layout.choice.band, form, todo)


def _of_stacks(stacks: Sequence[Stack], band: Band, form: Form, todo: Sequence[tuple[int, int]]) -> Iterator[Block]:
    first = 0
    for run in _runs(stacks):
        n = sum(stack.n for stack in run)
        for start, stop in todo:
            begin, end = max(start, first), min(stop, first + n)
            if begin < end and len(run) > 1:
                yield from _single_lenses(run[begin - first : end - first], form, begin, band)
            elif begin < end:
                yield from _one_stack(run[0], form, first, begin, end, band)
        first += n


def _runs(stacks: Sequence[Stack]) -> Iterator[list[Stack]]:
    """Arrays of one lens each that follow each other in a file, and each other stack alone."""
    for file, group in groupby(stacks, lambda stack: stack.images.file if stack.n == 1 and stack.images.key else None):
        run = list(group)
        yield from [run] if file is not None else ([stack] for stack in run)


def _single_lenses(stacks: list[Stack], form: Form, row: int, band: Band) -> Iterator[Block]:
    """Blocks of arrays of one lens each, the first of which is the row `row`; the file is opened once a block."""
    for start in range(0, len(stacks), _BLOCK):
        part = stacks[start : start + _BLOCK]
        filler, index = Filler(row + start, len(part), form), 0
        while index < len(part):
            try:
                arrays = whole_arrays([one for stack in part[index:] for one in (stack.images, stack.targets) if one])
                for stack in part[index:]:
                    low = _first(next(arrays), stack.axes)
                    high = _first(next(arrays), stack.target_axes) if stack.targets else None
                    with filler.row(row + start + index):
                        filler.put(row + start + index, *fitted(*_image(stack, low, high, band), form))
                    index += 1
            except ImageReadError as problem:
                filler.problems[row + start + index] = str(problem)
                index += 1
        yield filler.block()


def _first(array: np.ndarray, axes: str) -> np.ndarray:
    return np.moveaxis(array, axes.index("N"), 0)[0] if "N" in axes else array


def _one_stack(stack: Stack, form: Form, first: int, begin: int, end: int, band: Band) -> Iterator[Block]:
    """Blocks of the lenses `begin` to `end` of a layout, in a stack whose first lens is `first`."""
    row = begin
    try:
        for images, targets in _stack_rows(stack, begin - first, end - first):
            n = len(images)
            for offset in range(0, n, _BLOCK):
                part = slice(offset, min(offset + _BLOCK, n))
                yield _fill(row + offset, images[part], None if targets is None else targets[part], form, stack, band)
            row += n
    except ImageReadError as problem:
        # What is left of a damaged array is named lens by lens.
        for start in range(row, end, _BLOCK):
            filler = Filler(start, min(_BLOCK, end - start), form)
            filler.problems.update(dict.fromkeys(range(start, min(start + _BLOCK, end)), str(problem)))
            yield filler.block()


def _fill(start: int, images: np.ndarray, targets: np.ndarray | None, form: Form, stack: Stack, band: Band) -> Block:
    filler = Filler(start, len(images), form)
    for index in range(len(images)):
        with filler.row(start + index):
            image, target = _image(stack, images[index], None if targets is None else targets[index], band)
            filler.put(start + index, *fitted(image, target, form))
    return filler.block()
