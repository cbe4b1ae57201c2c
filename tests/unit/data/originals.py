"""Data sets in the layouts of others, written with NumPy, h5py and astropy as those write them."""

from pathlib import Path

import numpy as np


def write_axion(path: Path, image: np.ndarray, mass: float) -> None:
    """`[image, mass]` as DeepLense's axion files have it."""
    pair = np.empty(2, dtype=object)
    pair[0], pair[1] = image, mass
    np.save(path, pair, allow_pickle=True)


def write_classes(folder: Path, per_class: int = 3, side: int = 16, seed: int = 0) -> dict[str, np.ndarray]:
    """no_sub/, cdm/ and axion/; the images by their path. Axion masses are 1e-22, 1e-23, ... in the order of names."""
    rng, images = np.random.default_rng(seed), {}
    for name in ("no_sub", "cdm", "axion"):
        (folder / name).mkdir(parents=True)
        for place in range(per_class):
            image, path = rng.random((side, side)), folder / name / f"{name}_sim_{place:04}.npy"
            write_axion(path, image, 10.0 ** -(22 + place % 3)) if name == "axion" else np.save(path, image)
            images[f"{name}/{path.name}"] = image
    return images


def write_pairs(folder: Path, n: int = 4) -> None:
    """LR/ and HR/ with equal names, each (1, H, W)."""
    rng = np.random.default_rng(1)
    for name, size in (("LR", 8), ("HR", 16)):
        (folder / name).mkdir(parents=True)
        for place in range(n):
            np.save(folder / name / f"sample{place}.npy", rng.random((1, size, size)))
