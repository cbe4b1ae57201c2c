"""Write a data set in the layout of DeepLense's challenges: a folder a class, or LR/ and HR/; float64, as theirs are."""

from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.store.dataset import LensDataset
from lensmae.errors import DatasetError
from lensmae.folders import new_folder
from lensmae.progress import Progress

# What the published sets call the splits.
_PARTS = {"train": "train", "validation": "val", "test": "test"}


def export_dataset(
    dataset: LensDataset,
    folder: Path,
    *,
    split: str = "all",
    parts: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write lenses as npy files, with every parameter in lenses.csv beside them; returns how many.

    An axion lens becomes an object array `[image, mass in eV]` where its mass is known, any other one a plain array. Pairs become
    arrays (1, H, W) of equal names in LR/ and HR/. float64 holds every float32 exactly, so importing gives the same pixels.

    Args:
        dataset: whose lenses are written.
        folder: must not exist, or be empty.
        split: train, validation, test or all.
        parts: put train/, val/ and test/ above the class folders.
        progress: called with (lenses done, lenses in all).
    """
    rows = dataset.indices(split)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{folder} is there already and not empty; choose another folder.")
    if not len(rows):
        raise DatasetError(f"{dataset.name} has no lenses in its {split} split.")
    with new_folder(folder) as partial:
        for done, row in enumerate(rows, start=1):
            _write(partial, dataset, int(row), parts)
            if progress is not None and (done % 100 == 0 or done == len(rows)):
                progress(done, len(rows))
        dataset.lenses.iloc[rows].to_csv(partial / "lenses.csv", index=False)
    return len(rows)


def _write(folder: Path, dataset: LensDataset, row: int, parts: bool) -> None:
    facts = dataset.lenses.iloc[row]
    above = folder / _PARTS[facts["split"]] if parts else folder
    if dataset.targets is not None:
        save_image(above / "LR" / f"{facts['id']}.npy", np.array(dataset.images[row], np.float64)[None])
        save_image(above / "HR" / f"{facts['id']}.npy", np.array(dataset.targets[row], np.float64)[None])
        return
    image, mass = np.array(dataset.images[row], np.float64), facts.get("axion_mass_ev")
    save_image(above / facts["class"] / f"{facts['id']}.npy", image if pd.isna(mass) else with_mass(image, float(mass)))


def with_mass(image: np.ndarray, mass: float) -> np.ndarray:
    """The object array (2,) of an image (H, W) and an axion mass in eV, which DeepLense's axion files hold."""
    pair = np.empty(2, dtype=object)
    pair[0], pair[1] = image, mass
    return pair


def save_image(path: Path, array: np.ndarray) -> None:
    """Write one file of the original layout, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The original layout pickles its axion files, and those alone; `lensmae.data.images.pickled` reads them and runs nothing.
    np.save(path, array, allow_pickle=array.dtype.hasobject)
