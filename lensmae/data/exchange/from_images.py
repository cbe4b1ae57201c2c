"""A data set of images that are read already: files that were looked through and graded on the Analyse page, for instance."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from lensmae.data.images.lens_image import LensImage
from lensmae.data.store.arrays import new_array
from lensmae.data.store.dataset import LensDataset, check_labels, open_store, summarise, write_table
from lensmae.data.store.splits import assign_splits
from lensmae.errors import DatasetError
from lensmae.folders import new_folder
from lensmae.workspace import check_name, datasets_dir


def dataset_of_images(name: str, images: Sequence[LensImage], labels: Sequence[str], seed: int = 0) -> LensDataset:
    """Write images of one shape as a data set of the workspace; 80/10/10 % of every class are its splits.

    Args:
        name: of the new data set.
        images: N of them, as `fit_image` brings them to one size; flux stays in the unit of each file.
        labels: class of each, N names.
        seed: of the splits.

    Raises:
        DatasetError: without images, for images of several shapes, a name that is taken, or a label that is no name of a class.
    """
    check_name(name, "data set")
    final = datasets_dir() / name
    if final.exists():
        raise DatasetError(f"A data set {name!r} already exists in {datasets_dir()}; choose another name or delete it first.")
    shapes = sorted({image.pixels.shape for image in images})
    if len(shapes) != 1:
        found = " and ".join("×".join(map(str, shape)) for shape in shapes) or "none"
        raise DatasetError(f"The images of a data set have one shape, and these have {found}; fit them to one size first.")
    classes = check_labels(labels)
    lenses = _table(images, np.array(labels, dtype=object), seed)
    scales = {image.pixel_scale for image in images}
    with new_folder(final) as partial:
        pixels = new_array(partial / "images.npy", (len(images), *shapes[0]))
        for index, image in enumerate(images):
            pixels[index] = image.pixels
        pixels.flush()
        facts = {"preset": None, "seed": None, "flux_unit": "as in the files"}
        facts |= {"pixel_scale": next(iter(scales)) if len(scales) == 1 else None}
        created = datetime.now(UTC).isoformat(timespec="seconds")
        write_table(partial, summarise(name, lenses, {"images": pixels}, classes=classes, created=created, **facts), lenses)
    return open_store(final)


def _table(images: Sequence[LensImage], labels: np.ndarray, seed: int) -> pd.DataFrame:
    table = pd.DataFrame({"id": _ids(images), "class": labels, "split": "", "source_file": [image.name for image in images]})
    for index, kind in enumerate(sorted(set(labels))):
        own = labels == kind
        table.loc[own, "split"] = assign_splits(int(own.sum()), seed, index)
    table["notes"] = [" ".join(image.notes) for image in images]
    if len({image.pixel_scale for image in images}) > 1:
        table["pixel_scale"] = np.array([image.pixel_scale for image in images], dtype=float)
    return table


def _ids(images: Sequence[LensImage]) -> list[str]:
    """Names of the files without ending; the second of one name is NAME-2."""
    found: list[str] = []
    for image in images:
        stem, number = image.name.rsplit(".", 1)[0], 1
        unique = stem
        while unique in found:
            number += 1
            unique = f"{stem}-{number}"
        found.append(unique)
    return found
