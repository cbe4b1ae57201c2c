"""Import a data set from its original layout: in parallel, file by file, and from where it was when it was killed."""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap

from lensmae.data.exchange.copies import held_out_together
from lensmae.data.exchange.import_chunks import Block, Sample, find_form, read_blocks
from lensmae.data.exchange.layouts import Layout, find_layout
from lensmae.data.exchange.rows import Form
from lensmae.data.images.axes import ArrayChoice, parse_axes
from lensmae.data.images.bands import Band
from lensmae.data.store.arrays import new_arrays, rows_apart
from lensmae.data.store.dataset import LensDataset, open_store, summarise, write_table
from lensmae.data.store.splits import SPLITS, assign_splits
from lensmae.errors import Cancelled, DatasetError
from lensmae.folders import locked, rename_whole
from lensmae.progress import Progress
from lensmae.workspace import check_name, datasets_dir, read_json, write_json

SKIPPED = "skipped.csv"
_JOURNAL, _PLAN = "journal.jsonl", "plan.json"
_SAVE_SECONDS = 3.0
# How long an import waits for another that has its folder; looking at what was killed takes a hundredth of it.
_PATIENCE_S = 1.0


@dataclass(frozen=True)
class ImportOptions:
    """How a layout becomes a data set.

    Attributes:
        classes: names of integer labels 0, 1, ...
        split: put every lens into this split; where None, the layout's own splits, else 80/10/10 % of every class by seed.
        size: bring every image to this many pixels a side; where None, images of another shape are skipped.
        pixel_scale: arcsec/pixel of the set; with `size`, images whose file says another are resampled to it.
        seed: of the split.
        clean: remove cosmic rays before anything else.
        item, band, axes: which array of files with several, which band of images with several, and which axis is which, as
            `read_image` takes them.
        crop: "auto": with `size`, the lens is looked for in images of a larger field and cut out; "none": the middle is taken.
    """

    classes: tuple[str, ...] | None = None
    split: str | None = None
    size: int | None = None
    pixel_scale: float | None = None
    seed: int = 0
    clean: bool = False
    item: str | None = None
    band: Band = None
    axes: str | None = None
    crop: Literal["auto", "none"] = "auto"

    @property
    def choice(self) -> ArrayChoice:
        """Which array, band and axes."""
        return ArrayChoice(self.item, self.band, self.axes)


@dataclass(frozen=True)
class ImportReport:
    """An imported data set.

    Attributes:
        skipped: what was left out of it: the reason by file.
        copies: lenses that are held out because another file of the same pixels is.
    """

    dataset: LensDataset
    skipped: dict[str, str]
    copies: int = 0


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do, found before anything is written.

    Attributes:
        form: what images are brought to.
        sample: the images that were read to find that.
    """

    layout: Layout
    form: Form
    sample: Sample
    options: ImportOptions

    @property
    def warnings(self) -> list[str]:
        """What one might not expect of it, in plain words."""
        ignored = self.layout.ignored
        left = (f"Not part of the set: {', '.join(ignored[:8])}{' ...' if len(ignored) > 8 else ''}.",) if ignored else ()
        return [*self.layout.notes, *left, *self.sample.warnings(self.form)]

    @property
    def lenses(self) -> pd.DataFrame:
        """The rows as they will be, with their splits."""
        table = self.layout.lenses.copy()
        if self.options.split is not None:
            table["split"] = self.options.split
        elif not self.layout.has_splits:
            for index, name in enumerate(self.layout.classes):
                chosen = (table["class"] == name).to_numpy()
                table.loc[chosen, "split"] = assign_splits(int(chosen.sum()), self.options.seed, index)
        else:
            table["split"] = table["split"].replace("", self.layout.split_of_others)
        return table

    @property
    def shapes(self) -> dict[str, tuple[int, int, int]]:
        """Shapes of the arrays to come."""
        shapes = {"images": self.form.shape} | ({"targets": self.form.target_shape} if self.form.target_shape else {})
        return {name: (len(self.layout.lenses), *shape) for name, shape in shapes.items()}

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return 4 * sum(n * height * width for n, height, width in self.shapes.values())


def plan_import(source: Path, options: ImportOptions = ImportOptions()) -> ImportPlan:
    """Look at a folder or file without importing it. Raises `DatasetError` where it is no data set."""
    if options.split is not None and options.split not in SPLITS:
        raise DatasetError(f"There is no split {options.split!r}; there are {', '.join(SPLITS)}.")
    if options.size is not None and not 8 <= options.size <= 1024:
        raise DatasetError(f"size is {options.size}; it must be from 8 to 1024 pixels.")
    if options.pixel_scale is not None and not 1e-4 < options.pixel_scale < 60:
        raise DatasetError(f"The pixel scale is {options.pixel_scale}; it must be from 0.0001 to 60 arcsec.")
    if options.axes is not None:
        parse_axes(options.axes)
    layout = find_layout(source.expanduser().resolve(), options.classes, options.choice)
    find = options.crop == "auto"
    return ImportPlan(layout, *find_form(layout, options.size, options.pixel_scale, options.clean, find), options)


def import_dataset(
    source: Path,
    name: str,
    options: ImportOptions = ImportOptions(),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> ImportReport:
    """Import a folder or file in a layout of `find_layout` into the workspace.

    Killed midway, the same call goes on where it was and gives the same set. Files that cannot be read are left out and named in
    the report and in the set's skipped.csv.

    Args:
        source: folder or file.
        name: of the new data set.
        options: how to read it.
        jobs: processes; all cores where None.
        progress: called with (lenses done, lenses in all); where it raises `Cancelled`, everything written is removed; where it
            raises anything else, it stays for the same call to go on with.
        executor: processes of a cluster that see the source and read it instead of processes here; they write nothing.
    """
    check_name(name, "data set")
    final = datasets_dir() / name
    if final.exists():
        raise DatasetError(f"A data set {name!r} already exists in {datasets_dir()}; choose another name or delete it first.")
    plan = plan_import(source, options)
    folder = datasets_dir() / f".{name}.import"
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder, _PATIENCE_S):
        try:
            work = _Work.resume(folder, plan) or _Work.begin(folder, plan)
        except (DatasetError, OSError):
            # Nothing is written yet that another call could go on with.
            shutil.rmtree(folder)
            raise
        try:
            work.run(jobs or os.cpu_count() or 1, progress, executor)
        except Cancelled:
            shutil.rmtree(folder)
            raise
        skipped, copies = work.finish(name)
        rename_whole(folder, final)
    return ImportReport(open_store(final), skipped, copies)


@dataclass(frozen=True)
class UnfinishedImport:
    """What a killed import left: giving the same source and options to `import_dataset` goes on with it."""

    name: str
    source: Path
    options: ImportOptions


def unfinished_imports() -> list[UnfinishedImport]:
    """Imports of the workspace that were killed, by name; those that are going on right now are not among them."""
    found = []
    for record in sorted(datasets_dir().glob(f".*.import/{_PLAN}")):
        # What cannot be read is begun anew by an import of that name.
        with contextlib.suppress(DatasetError, KeyError, TypeError), _held(record.parent):
            facts = read_json(record, DatasetError)
            options = facts["options"] | {"classes": tuple(facts["options"]["classes"] or ()) or None}
            name = record.parent.name.removeprefix(".").removesuffix(".import")
            found.append(UnfinishedImport(name, Path(facts["source"]), ImportOptions(**options)))
    return found


def discard_import(name: str) -> None:
    """Remove what a killed import left."""
    folder = datasets_dir() / f".{check_name(name, 'data set')}.import"
    if folder.is_dir():
        with _held(folder, _PATIENCE_S):
            shutil.rmtree(folder)


@contextlib.contextmanager
def _held(folder: Path, patience_s: float = 0.0) -> Iterator[None]:
    """The folder of an unfinished import, for one process at a time: `unfinished_imports`, which a page may just be asking, is
    done in a moment."""
    try:
        with locked(folder, patience_s):
            yield
    except BlockingIOError:
        raise DatasetError(f"Another import into {folder.name.split('.')[1]!r} is going on right now.") from None


@dataclass
class _Work:
    """An import under way: arrays on disk, and a journal that says which of their rows are written."""

    folder: Path
    plan: ImportPlan
    arrays: dict[str, np.memmap]
    done: list[dict[str, Any]]

    @classmethod
    def begin(cls, folder: Path, plan: ImportPlan) -> "_Work":
        """Start afresh; whatever another plan left in the folder goes."""
        for path in folder.iterdir():
            path.unlink()
        arrays = new_arrays(folder, plan.shapes)
        write_json(folder / _PLAN, _record(plan))
        return cls(folder, plan, arrays, [])

    @classmethod
    def resume(cls, folder: Path, plan: ImportPlan) -> "_Work | None":
        """Go on with what an earlier call of the same plan left; None where there is nothing of the kind."""
        try:
            if read_json(folder / _PLAN, DatasetError)["identity"] != _identity(plan):
                return None
            arrays = {name: open_memmap(folder / f"{name}.npy", mode="r+") for name in plan.shapes}
        except (DatasetError, KeyError, ValueError, OSError):
            return None
        # Killed while rows were being left out: they are fewer now.
        if any(array.shape != plan.shapes[name] for name, array in arrays.items()):
            return None
        journal = folder / _JOURNAL
        lines = journal.read_text(encoding="utf-8").splitlines(keepends=True) if journal.is_file() else []
        # The last line may be cut short.
        done = [json.loads(line) for line in lines if line.endswith("\n")]
        return cls(folder, plan, arrays, done)

    def _todo(self) -> list[tuple[int, int]]:
        """Rows that no line of the journal covers."""
        missing = np.ones(len(self.plan.layout.lenses) + 2, bool)
        missing[[0, -1]] = False
        for entry in self.done:
            missing[entry["start"] + 1 : entry["stop"] + 1] = False
        edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
        return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]

    def run(self, jobs: int, progress: Progress | None, executor: Executor | None) -> None:
        """Read and write what is left, block by block."""
        todo, total = self._todo(), len(self.plan.layout.lenses)
        count = total - sum(stop - start for start, stop in todo)
        unsaved: list[dict[str, Any]] = []
        saved = time.monotonic()
        try:
            for block in read_blocks(self.plan.layout, self.plan.form, todo, jobs, executor):
                unsaved.append(self._write(block))
                count += len(block.images)
                if progress is not None:
                    progress(count, total)
                if time.monotonic() - saved > _SAVE_SECONDS:
                    self._save(unsaved)
                    unsaved, saved = [], time.monotonic()
        except Cancelled:
            # Nothing will go on with it.
            raise
        except BaseException:
            self._save(unsaved)
            raise
        self._save(unsaved)

    def _write(self, block: Block) -> dict[str, Any]:
        self.arrays["images"][block.start : block.stop] = block.images
        if block.targets is not None:
            self.arrays["targets"][block.start : block.stop] = block.targets
        return {
            "start": block.start,
            "stop": block.stop,
            "masses": {str(row): mass for row, mass in block.masses.items()},
            "notes": {str(row): note for row, note in block.notes.items()},
            "problems": {str(row): problem for row, problem in block.problems.items()},
        }

    def _save(self, entries: list[dict[str, Any]]) -> None:
        """Pixels first, then the lines that vouch for them."""
        for array in self.arrays.values():
            array.flush()
        with (self.folder / _JOURNAL).open("a", encoding="utf-8") as journal:
            journal.writelines(json.dumps(entry) + "\n" for entry in entries)
            journal.flush()
            os.fsync(journal.fileno())
        self.done += entries

    def finish(self, name: str) -> tuple[dict[str, str], int]:
        """Leave out what was not read, write the table and the record; the reason of each file left out, and how many lenses
        were held out as copies."""
        table, problems = self.plan.lenses, _gather(self.done, "problems")
        table = _with_facts(table, _gather(self.done, "masses"), _gather(self.done, "notes"), self.plan.layout.is_pair)
        kept = np.setdiff1d(np.arange(len(table)), np.array(sorted(problems), dtype=int))
        if not len(kept):
            raise DatasetError(f"No image of {self.plan.layout.root} could be read. {next(iter(problems.values()))}")
        skipped = {table["source_file"][row]: problem for row, problem in sorted(problems.items())}
        if problems:
            self.arrays = {key: _compacted(self.folder / f"{key}.npy", array, kept) for key, array in self.arrays.items()}
            pd.DataFrame(skipped.items(), columns=["file", "problem"]).to_csv(self.folder / SKIPPED, index=False)
        lenses = table.iloc[kept].drop(columns="low_file", errors="ignore").reset_index(drop=True)
        lenses, copies = held_out_together(self.arrays["images"], lenses)
        facts = {"preset": None, "seed": None, "pixel_scale": self.plan.form.pixel_scale, "flux_unit": "as in the files"}
        classes = tuple(kind for kind in self.plan.layout.classes if kind in set(lenses["class"]))
        created = datetime.now(UTC).isoformat(timespec="seconds")
        info = summarise(name, lenses, self.arrays, classes=classes, created=created, **facts)
        write_table(self.folder, info, lenses)
        for leftover in (_PLAN, _JOURNAL):
            (self.folder / leftover).unlink(missing_ok=True)
        return skipped, copies


def _gather(entries: Sequence[dict[str, Any]], key: str) -> dict[int, Any]:
    return {int(row): value for entry in entries for row, value in entry[key].items()}


def _with_facts(table: pd.DataFrame, masses: dict[int, float], notes: dict[int, str], is_pair: bool) -> pd.DataFrame:
    """The table with the axion masses that the files say, and with what was done to pixels where anything was."""
    if masses or ("axion_mass_ev" not in table and not is_pair):
        known = table["axion_mass_ev"] if "axion_mass_ev" in table else pd.Series(np.nan, table.index)
        table["axion_mass_ev"] = pd.Series(masses, dtype=float).reindex(table.index).fillna(known)
    if notes:
        table["notes"] = pd.Series(notes, dtype=object).reindex(table.index).fillna("")
    return table


def _compacted(path: Path, array: np.memmap, kept: np.ndarray) -> np.memmap:
    """The kept rows of an array in a file of their own, which then takes the place of the first."""
    shorter = path.with_name(f"{path.stem}.kept.npy")
    copy = rows_apart(array, kept, shorter)
    os.replace(shorter, path)
    return copy


def _record(plan: ImportPlan) -> dict[str, Any]:
    return {"source": str(plan.layout.root), "identity": _identity(plan), "options": asdict(plan.options)}


def _identity(plan: ImportPlan) -> str:
    """SHA-256 of all that decides the result: every file's name, size and time, the form and the options."""
    layout = plan.layout
    digest = hashlib.sha256(
        repr(
            (
                plan.form,
                layout.choice,
                sorted(layout.band_files.items()),
                replace(plan.options, classes=tuple(plan.options.classes or ())),
            )
        ).encode()
    )
    digest.update(plan.lenses.to_csv(index=False).encode())
    files = [stack.images.file for stack in layout.stacks]
    if not layout.stacks:
        names = [layout.lenses[column] for column in ("source_file", "low_file") if column in layout.lenses]
        files = [f"{layout.root}/{name}" for column in names for name in column]
    for file in files:
        facts = os.stat(file)
        digest.update(f"{facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
