"""A data set in an original layout, opened for evaluation as it lies there: read into memory, nothing is written."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lensmae.data.exchange.copies import held_out_together
from lensmae.data.exchange.import_chunks import find_form, read_blocks
from lensmae.data.exchange.layouts import find_layout
from lensmae.data.images.axes import NO_CHOICE, ArrayChoice
from lensmae.data.store.dataset import LensDataset, summarise
from lensmae.errors import DatasetError

_MAX_BYTES = 8 << 30


def read_original(source: Path, choice: ArrayChoice = NO_CHOICE, leave_out: bool = False) -> LensDataset:
    """Read a folder or file in a layout of `find_layout` into memory, in float32.

    Where no split is named every lens is "test": nothing there was trained on. A copy of a held-out lens is held out with it.

    Args:
        source: the folder or file.
        choice: which array, band and axes.
        leave_out: files that cannot be read, or have other pixels than most, are named in `LensDataset.skipped`.

    Raises `DatasetError` that names the folder or the first file that does not fit; with `leave_out` only where none fits.
    """
    layout = find_layout(source, choice=choice)
    form, _ = find_form(layout)
    shapes = {"images": form.shape} | ({"targets": form.target_shape} if form.target_shape else {})
    n = len(layout.lenses)
    if sum(n * 4 * height * width for height, width in shapes.values()) > _MAX_BYTES:
        raise DatasetError(f"{source} would take more than {_MAX_BYTES >> 30} GB in memory; `lensmae import` it instead.")
    arrays = {name: np.empty((n, *shape), np.float32) for name, shape in shapes.items()}
    lenses = layout.lenses.drop(columns="low_file", errors="ignore")
    lenses["split"] = lenses["split"].replace("", layout.split_of_others if layout.has_splits else "test")
    masses = lenses["axion_mass_ev"].to_numpy(copy=True) if "axion_mass_ev" in lenses else np.full(n, np.nan)
    problems: dict[int, str] = {}
    for block in read_blocks(layout, form):
        problems |= block.problems
        if problems and not leave_out:
            row, problem = min(problems.items())
            raise DatasetError(f"{source}, {lenses['source_file'][row]}: {problem} `lensmae import` leaves such files out.")
        arrays["images"][block.start : block.stop] = block.images
        if block.targets is not None:
            arrays["targets"][block.start : block.stop] = block.targets
        masses[list(block.masses)] = list(block.masses.values())
    if not layout.is_pair:
        lenses["axion_mass_ev"] = masses
    skipped = {str(lenses["source_file"][row]): problem for row, problem in sorted(problems.items())}
    if problems:
        kept = np.setdiff1d(np.arange(n), list(problems))
        if not len(kept):
            raise DatasetError(f"No image of {source} could be read. {next(iter(skipped.values()))}")
        arrays, lenses = {name: array[kept] for name, array in arrays.items()}, lenses.iloc[kept].reset_index(drop=True)
    lenses, _ = held_out_together(arrays["images"], lenses)
    facts = {"preset": None, "seed": None, "pixel_scale": form.pixel_scale, "flux_unit": "as in the files"}
    classes = tuple(kind for kind in layout.classes if kind in set(lenses["class"]))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    info = summarise(source.name, lenses, arrays, classes=classes, created=created, **facts)
    return LensDataset(source, info, arrays["images"], arrays.get("targets"), None, lenses, skipped)
