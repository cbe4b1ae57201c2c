"""Anomaly: how badly an MAE reconstructs a lens, averaged over many masks. One that knows lenses without substructure only should
reconstruct those well and stumble where there is a subhalo or a vortex.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensmae.data.simulation.rows import pixel_scale_of
from lensmae.evaluation.metrics import unit_scale
from lensmae.evaluation.reconstruction.frames import patch_means, pixel_masks
from lensmae.models import CheckpointCard, Reconstructor
from lensmae.models.masking import kept_count, patch_scores
from lensmae.progress import Progress

# Nuisances that move what is in an image.
_MOVING = ("rotation", "mirror", "shift")
_BATCH = 32


@dataclass(frozen=True)
class AnomalyScores:
    """Scores of N lenses; larger is more anomalous. All errors are squared, with each image on [0, 1].

    Attributes:
        mean: (N,) error of all pixels, each averaged over the masks that hid it.
        peak: (N,) the largest such error of a patch, for an anomaly in one patch only.
        maps: (N, H, W) float32 error of every pixel, averaged over the masks that hid it.
    """

    mean: np.ndarray
    peak: np.ndarray
    maps: np.ndarray


@dataclass(frozen=True)
class TrainedOn:
    """What an MAE was trained on.

    Attributes:
        classes: names of the classes; empty where the checkpoint does not say.
        pure: whether it is known to have seen lenses without substructure only.
        sentence: what that means for its anomaly scores.
    """

    classes: tuple[str, ...]
    pure: bool
    sentence: str


def covering_masks(grid: tuple[int, int], masks: int, mask_ratio: float, seed: int) -> np.ndarray:
    """Random masks (M, gh, gw) bool that show, and so hide, all patches about equally often.

    The patches are shuffled, and each mask shows the next stretch of them that no mask of this shuffle has shown; then they are
    shuffled anew. From half of the patches hidden, two masks leave none out.

    Args:
        grid: rows and columns of patches.
        masks: how many, 1 or more.
        mask_ratio: share of patches hidden, in [0, 1).
        seed: of the shuffles.
    """
    patches = grid[0] * grid[1]
    kept = kept_count(patches, mask_ratio)
    turns = -(-patches // kept)
    orders = patch_scores([seed + turn for turn in range(-(-masks // turns))], patches).numpy().argsort(axis=1)
    hidden = np.ones((masks, patches), dtype=bool)
    for index, mask in enumerate(hidden):
        stretch = (np.arange(kept) + index % turns * kept) % patches
        mask[orders[index // turns, stretch]] = False
    return hidden.reshape(masks, *grid)


def anomaly_scores(
    model: Reconstructor,
    images: np.ndarray,
    masks: int = 16,
    *,
    mask_ratio: float = 0.75,
    seed: int = 0,
    linear: bool = False,
    progress: Progress | None = None,
) -> AnomalyScores:
    """Score images (N, H, W) under the same `covering_masks` for all, so that only the lenses differ.

    Args:
        model: the network.
        images: flux (N, H, W).
        masks: how many, 1 or more.
        mask_ratio: share of patches hidden, in [0, 1).
        seed: of the masks.
        linear: score what the model's linear prior alone reconstructs, see `Reconstructor.linear_guess`.
        progress: called with (reconstructions done, reconstructions in all).
    """
    grid = model.patch_grid(images.shape, "The images have")
    hidden = covering_masks(grid, masks, mask_ratio, seed)
    pixels = pixel_masks(hidden, images.shape[1:])
    times = np.maximum(pixels.sum(axis=0), 1)
    maps = np.empty(images.shape, dtype=np.float32)
    for start in range(0, len(images), _BATCH):
        batch = np.asarray(images[start : start + _BATCH])
        _, width = unit_scale(batch)
        square = np.zeros(batch.shape)
        for index in range(masks):
            mask = hidden[index][None]
            drawn = model.linear_guess(batch, mask) if linear else model.predict(batch, hidden=mask).prediction
            square += np.square((drawn.astype(np.float64) - batch) / width) * pixels[index]
            if progress is not None:
                progress(start * masks + (index + 1) * len(batch), len(images) * masks)
        maps[start : start + len(batch)] = square / times
    return AnomalyScores(maps.mean(axis=(1, 2)), patch_means(maps, grid).max(axis=(1, 2)), maps)


def expected_map(smooth: AnomalyScores) -> np.ndarray:
    """Mean map (H, W) of lenses without substructure; never zero."""
    mean = smooth.maps.mean(axis=0)
    return np.maximum(mean, 1e-3 * mean.max() + np.finfo(np.float32).tiny)


def percentile_among(values: np.ndarray, value: float) -> float:
    """Percentage of the values (N,) that are smaller than one."""
    return float(100 * (values < value).mean())


def trained_on(card: CheckpointCard) -> TrainedOn:
    """What a checkpoint says it was trained on."""
    config = card.training.get("config", {})
    known = tuple(card.data.get("classes") or ())
    classes = ("no_sub",) if config.get("classes") == "no_sub" else known
    if classes == ("no_sub",):
        began = config.get("init", "scratch")
        before = "" if began == "scratch" else f" It went on from the checkpoint {began}, which may have been trained on others."
        said = "It was trained on lenses without substructure only: what it reconstructs badly is an anomaly to it."
        return TrainedOn(classes, True, said + before)
    if classes:
        said = f"It was trained on {', '.join(classes)}: it reconstructs substructure too, so its error does not mark anomalies."
    else:
        said = "Its card does not say what it was trained on, so its error need not mark anomalies."
    advice = "An MAE trained with `lensmae train pretrain --data SET --classes no_sub` is meant for this view."
    return TrainedOn(classes, False, f"{said} {advice}")


@dataclass(frozen=True)
class Substructure:
    """Where the substructure of a simulated lens lies.

    Attributes:
        x, y: (K,) column and row in pixels, (0, 0) the centre of the first pixel.
        mass: (K,) solar masses.
        line: whether the masses are a vortex line, in order.
    """

    x: np.ndarray
    y: np.ndarray
    mass: np.ndarray
    line: bool


def was_moved(row: Mapping[str, Any]) -> bool:
    """Whether a nuisance turned, mirrored or shifted a lens's image after it was simulated: positions in its row are no longer
    those in its image."""
    return any(done.split()[0] in _MOVING for done in str(row.get("nuisance") or "none").split(" + "))


def substructure(row: Mapping[str, Any], shape: tuple[int, int], pixel_scale: float | None) -> Substructure | None:
    """Substructure from a lens's row of `lenses.parquet`, on an image of `shape` pixels; None where the row or the scale does not
    say, or the image was moved since. `pixel_scale` (arcsec) is that of the lens's set; one in the row is the lens's own and goes
    before it."""
    if was_moved(row):
        return None
    masses, pixel_scale = row.get("subhalo_mass"), pixel_scale_of(row, pixel_scale)
    if masses is None or pixel_scale is None or np.ndim(masses) == 0 or len(masses) == 0:
        return None
    # lenstronomy's grid has arcsec (0, 0) in the middle of the image; columns rise with x, rows with y.
    x, y = (
        np.asarray(row[name], dtype=float) / pixel_scale + (side - 1) / 2
        for name, side in (("subhalo_x", shape[1]), ("subhalo_y", shape[0]))
    )
    return Substructure(x, y, np.asarray(masses, dtype=float), str(row["class"]) == "axion")
