"""Folders in the original DeepLense layouts: a folder a class (also under train/ and val/), or LR/ and HR/ with equal names."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.npy import read_npy, split_objects
from lensmae.data.presets import CLASSES
from lensmae.data.store import LensDataset, summarise
from lensmae.errors import DatasetError, ImageReadError

# Names that the published sets use for the three classes.
_ALIASES = {"no": "no_sub", "no_sub": "no_sub", "cdm": "cdm", "sphere": "cdm", "axion": "axion", "vort": "axion"}
_PARTS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
_MAX_BYTES = 8 << 30


@dataclass(frozen=True)
class _File:
    path: Path
    class_name: str
    split: str


def read_deeplense_folder(folder: Path) -> LensDataset:
    """Read a folder in an original layout into memory, in float32.

    Without `train/` and `val/` above the class folders every lens is "test": nothing there was trained on.
    Raises `DatasetError` that names the folder or the first file that does not fit.
    """
    low, high = folder / "LR", folder / "HR"
    if low.is_dir() and high.is_dir():
        return _read_pairs(folder, low, high)
    files = _class_files(folder)
    if not files:
        raise DatasetError(
            f"{folder} is no data set: it has no dataset.json, no class folders ({', '.join(CLASSES)}) with .npy files, "
            "and no LR/ and HR/."
        )
    images, masses = _read_all([file.path for file in files])
    table = pd.DataFrame(
        {
            "id": [f"{file.class_name}_{place:06d}" for place, file in enumerate(files)],
            "class": [file.class_name for file in files],
            "split": [file.split for file in files],
            "source_file": [str(file.path.relative_to(folder)) for file in files],
            "axion_mass_ev": masses,
        }
    )
    known = tuple(name for name in CLASSES if name in set(table["class"]))
    return _dataset(folder, table, {"images": images}, known)


def _class_files(folder: Path) -> list[_File]:
    found = []
    for part, split in [("", "test"), *_PARTS.items()]:
        above = folder / part if part else folder
        if above.is_dir():
            for path in sorted(above.iterdir()):
                if path.is_dir() and path.name in _ALIASES:
                    found += [_File(file, _ALIASES[path.name], split) for file in sorted(path.glob("*.npy"))]
    return found


def _read_pairs(folder: Path, low: Path, high: Path) -> LensDataset:
    names = sorted(path.name for path in low.glob("*.npy"))
    alone = sorted(set(names) ^ {path.name for path in high.glob("*.npy")})
    if alone:
        raise DatasetError(f"{folder}: {len(alone)} files are in only one of LR/ and HR/ ({', '.join(alone[:3])} ...).")
    if not names:
        raise DatasetError(f"{folder}: LR/ and HR/ hold no .npy files.")
    images, _ = _read_all([low / name for name in names])
    targets, _ = _read_all([high / name for name in names])
    scale, rest = divmod(targets.shape[1], images.shape[1])
    if rest or scale < 2 or targets.shape[2] != scale * images.shape[2]:
        raise DatasetError(
            f"{folder}: HR images of {targets.shape[1:]} are no whole multiple of LR images of {images.shape[1:]}."
        )
    ids = [name.removesuffix(".npy") for name in names]
    table = pd.DataFrame({"id": ids, "class": "unknown", "split": "test", "source_file": [f"HR/{name}" for name in names]})
    return _dataset(folder, table, {"images": images, "targets": targets}, ("unknown",))


def _read_all(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, H, W) float32 and axion masses (N,), nan where a file has none."""
    first, _ = _read(paths[0])
    if len(paths) * first.size * 4 > _MAX_BYTES:
        raise DatasetError(f"{paths[0].parent} would take more than {_MAX_BYTES >> 30} GB in memory; import it instead.")
    images, masses = np.empty((len(paths), *first.shape), np.float32), np.full(len(paths), np.nan)
    for place, path in enumerate(paths):
        image, mass = _read(path)
        if image.shape != first.shape:
            raise DatasetError(f"{path} has {image.shape} pixels, others have {first.shape}; a data set has one size.")
        if not np.isfinite(image).all():
            raise DatasetError(f"{path} holds pixels that are not finite.")
        images[place], masses[place] = image, np.nan if mass is None else mass
    return images, masses


def _read(path: Path) -> tuple[np.ndarray, float | None]:
    try:
        image, mass = split_objects(read_npy(io.BytesIO(path.read_bytes())))
        if image.dtype.kind not in "biuf":
            raise ImageReadError(f"its values are of type {image.dtype}")
        plane = image.reshape([side for side in image.shape if side != 1])
        if plane.ndim != 2:
            raise ImageReadError(f"it holds an array of shape {image.shape}; one image is needed")
    except (ImageReadError, OSError) as problem:
        raise DatasetError(f"{path} was not read: {problem}.") from None
    return plane.astype(np.float32), mass


def _dataset(folder: Path, table: pd.DataFrame, arrays: dict[str, np.ndarray], classes: tuple[str, ...]) -> LensDataset:
    facts = {"preset": None, "seed": None, "pixel_scale": None, "flux_unit": "as in the files"}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    info = summarise(folder.name, table, arrays, classes=classes, created=created, **facts)
    return LensDataset(folder, info, arrays["images"], arrays.get("targets"), None, table)
