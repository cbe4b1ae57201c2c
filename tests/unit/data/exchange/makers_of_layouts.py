"""Makers of folders and files as others keep data sets."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from PIL import Image

from tests.unit.data.images.files_of_others import fits_file, tiff, unit

STACK = np.random.default_rng(5).random((12, 16, 16)).astype(np.float32)
LABELS = np.arange(12) % 2
PARTS = np.array(["train"] * 8 + ["test"] * 4)


def files(*folders: tuple[str, int], ending: str = "npy", size: int = 16) -> Callable[[Path], None]:
    """Folders with so many lenses each, named 0, 1, ..."""

    def make(root: Path) -> None:
        for name, n in folders:
            (root / name).mkdir(parents=True, exist_ok=True)
            for index in range(n):
                save(root / name / f"{index}.{ending}", STACK[index, :size, :size])

    return make


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".fits":
        path.write_bytes(fits_file(unit(array)))
    elif path.suffix == ".tif":
        path.write_bytes(tiff(array))
    else:
        Image.fromarray(np.uint8(255 * array)).save(path)


def arrays(**named: np.ndarray) -> Callable[[Path], None]:
    """One npz with arrays."""
    return lambda root: np.savez(root / "set.npz", **named)


def npy_files(**named: np.ndarray) -> Callable[[Path], None]:
    """An npy file an array."""
    return lambda root: [save(root / f"{name}.npy", array) for name, array in named.items()]


def texts(**named: str) -> Callable[[Path], None]:
    """Tables; `__` in a name is a point."""
    return lambda root: [(root / name.replace("__", ".")).write_text(text) for name, text in named.items()]


def both(*makers: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        for one in makers:
            one(root)

    return make


def table(n: int, *columns: str, path: str = "{}.npy", first: int = 0) -> str:
    """A table of files with columns of values, each a name and an expression of k."""
    rows = [[path.format(k), *(str(eval(one.split("=", 1)[1], {"k": k})) for one in columns)] for k in range(first, n)]
    head = ",".join(["file", *(one.split("=")[0] for one in columns)])
    return "\n".join([head, *map(",".join, rows)])


def hdf5_with_scale(root: Path) -> None:
    with h5py.File(root / "set.h5", "w") as file:
        file["images"], file["labels"], file["split"] = STACK, LABELS, PARTS.astype("S5")
        file["images"].attrs["pixel_scale"] = 0.05


def hdf5_of_links(root: Path) -> None:
    with h5py.File(root / "set.h5", "w") as file:
        file["images"] = h5py.ExternalLink("part.h5", "x")


def challenge(*bands: str) -> Callable[[Path], None]:
    """A folder a band, a file a lens in each, and the classes in a table with a comment above it."""

    def make(root: Path) -> None:
        for band in bands:
            for k in range(4):
                save(root / "Public" / band / f"imageEUC_{band}-{100000 + k}.fits", STACK[k])
        lines = [f"{100000 + k},{k % 2},1.5" for k in range(4)]
        (root / "classifications.csv").write_text("\n".join(["# Einstein area in arcsec2", "ID,is_lens,Einstein_area", *lines]))

    return make


def lens_folders(root: Path) -> None:
    for k in range(4):
        for band in "gri":
            save(root / f"SLACS{k:04}" / f"{band}.fits", STACK[k])
    (root / "lenses.csv").write_text("name,label,z\n" + "\n".join(f"SLACS{k:04},{'AB'[k % 2]},0.{k}" for k in range(4)))


def pairs(*folders: str, low: str = "LR", high: str = "HR") -> Callable[[Path], None]:
    def make(root: Path) -> None:
        for folder in folders:
            for k in range(2):
                save(root / folder.format(low) / f"sample{k}.npy", STACK[k, ::2, ::2])
                save(root / folder.format(high) / f"sample{k}.npy", STACK[k])

    return make


def beside_each_other(root: Path) -> None:
    for k in range(3):
        save(root / f"lens{k}_LR.npy", STACK[k, ::2, ::2])
        save(root / f"lens{k}_HR.npy", STACK[k])


def named(*patterns: tuple[str, int]) -> Callable[[Path], None]:
    """So many files of each pattern, numbered from 0."""
    return lambda root: [save(root / f"{pattern.format(k)}.npy", STACK[k]) for pattern, n in patterns for k in range(n)]


def named_four(pattern: str) -> Callable[[Path], None]:
    """Files of lenses and nonlenses, for training and tests, named after both."""
    parts = [(pattern.format(split, kind), n) for split, n in (("train", 3), ("test", 2)) for kind in ("lens", "nonlens")]
    return named(*parts)


def hdus(*names: str) -> Callable[[Path], None]:
    """A FITS file with images of these names."""
    return lambda root: (root / "a.fits").write_bytes(fits_file(*(unit(STACK[k], name) for k, name in enumerate(names))))


def hdf5_of_keras(root: Path) -> None:
    with h5py.File(root / "set.h5", "w") as file:
        file["model_weights/dense/kernel"] = STACK[0]


def records() -> np.ndarray:
    """A structured array, a lens a record."""
    made = np.zeros(12, [("id", "i4"), ("stamp", "f4", (16, 16)), ("label", "i8")])
    made["id"], made["stamp"], made["label"] = np.arange(12), STACK, LABELS
    return made


def links(root: Path) -> None:
    """Classes, of which one file is also linked in a folder for tests, beside a file of its own."""
    files(("all/cdm", 3), ("test", 1))(root)
    (root / "test/held.npy").symlink_to(root / "all/cdm/1.npy")


def hdf5_of_records(root: Path) -> None:
    with h5py.File(root / "set.h5", "w") as file:
        file["catalogue"] = records()


def in_json(pattern: str | None) -> str:
    """Lists of the files, or the indices, of eight lenses for training and four for tests."""
    names = [k if pattern is None else pattern.format(k) for k in range(12)]
    return json.dumps({"seed": 3, "splits": {"train": names[:8], "test": names[8:]}})


def in_folds(pattern: str | None, n: int = 12, **more: list[object]) -> str:
    """Three folds of a cross-validation of the first `n` files, or indices."""
    names = [k if pattern is None else pattern.format(k) for k in range(n)]
    folds = {f"fold_{f}": {"train": [*names[:f], *names[f + 3 :]], "val": names[f : f + 3]} for f in (0, 3, 6)}
    return json.dumps(folds | more)


def in_parquet(root: Path) -> None:
    rows = {"file": [f"{k}.npy" for k in range(12)], "label": LABELS, "split": PARTS}
    pd.DataFrame(rows).to_parquet(root / "labels.parquet")


def four_in(train: str, test: str) -> Callable[[Path], None]:
    """Lenses and nonlenses in folders of these names."""
    return files(*[(f"{folder}/{kind}", n) for folder, n in ((train, 3), (test, 2)) for kind in ("lens", "nonlens")])
