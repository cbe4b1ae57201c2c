"""One LR/HR pair: the network and bicubic interpolation against the truth."""

from dataclasses import dataclass

import numpy as np

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import psnr, ssim, unit_scale
from lensmae.evaluation.superresolution.noise_limit import informed_truth, made_of_high
from lensmae.models import SuperResolver, bicubic_upsample
from lensmae.progress import Progress

# Side of a tile in LR pixels, about twice that of the training pairs.
TILE = 160


@dataclass(frozen=True)
class ResolvedPair:
    """Images of one pair, `low` (h, w), the others (scale*h, scale*w), with PSNR in dB and SSIM against `high`, data range 1.

    `truth` is `high` without its noise, and None where that is not known; its scores, `floor_`, are what a network would have
    that drew no noise. One that keeps the noise that LR shares with HR has higher ones, up to about `limit_` (see
    `lensmae.evaluation.superresolution.noise_limit`; None also where LR is not the bicubic downsampling of HR).
    """

    low: np.ndarray
    nearest: np.ndarray
    bicubic: np.ndarray
    drawn: np.ndarray
    high: np.ndarray
    truth: np.ndarray | None
    psnr: float
    ssim: float
    bicubic_psnr: float
    bicubic_ssim: float
    nearest_psnr: float
    nearest_ssim: float
    floor_psnr: float | None = None
    floor_ssim: float | None = None
    limit_psnr: float | None = None
    limit_ssim: float | None = None


def super_resolve_pair(model: SuperResolver, dataset: LensDataset, row: int, d4: bool = False) -> ResolvedPair:
    """Enlarge the LR image of a row and compare it with its HR image; `d4` as in `SuperResolver.predict`.

    Args:
        model: the super-resolver.
        dataset: the data set.
        row: of the data set.
        d4: average over the eight symmetries.
    """
    if dataset.targets is None:
        raise DatasetError(f"Data set {dataset.name} has no HR targets; super-resolution needs LR/HR pairs (preset superres).")
    low, high = np.array(dataset.images[row : row + 1]), np.array(dataset.targets[row : row + 1])
    drawn, bicubic = model.predict(low, d4=d4), bicubic_upsample(low, model.scale)
    if drawn.shape != high.shape:
        sides = "x".join(map(str, high.shape[1:]))
        raise DatasetError(f"The HR images of {dataset.name} have {sides} pixels; {model.name} enlarges {model.scale} times.")
    nearest = low.repeat(model.scale, axis=1).repeat(model.scale, axis=2)
    truth = [] if dataset.truths is None else [np.array(dataset.truths[row : row + 1])]
    if truth and made_of_high(low, high):
        truth.append(informed_truth(truth[0], low))
    scores = [float(measure(image, high)[0]) for image in (drawn, bicubic, nearest, *truth) for measure in (psnr, ssim)]
    return ResolvedPair(low[0], nearest[0], bicubic[0], drawn[0], high[0], truth[0][0] if truth else None, *scores)


def enlarge(model: SuperResolver, image: np.ndarray, progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Bicubic interpolation and super-resolution of one image (h, w) in any flux unit, both (scale*h, scale*w).

    Super-resolvers learn from pairs on [0, 1], so the image goes in on that scale and comes back on its own. A large image is
    enlarged in overlapping tiles, since attention costs the square of the pixels.

    Args:
        model: the super-resolver.
        image: flux (h, w).
        progress: called with (tiles done, tiles in all).
    """
    low, width = unit_scale(image[None])
    scaled = ((image[None] - low) / width).astype(np.float32)
    return tuple(
        (drawn * width + low)[0].astype(np.float32)
        for drawn in (bicubic_upsample(scaled, model.scale), _tiled(model, scaled[0], progress)[None])
    )


def _tiled(model: SuperResolver, image: np.ndarray, progress: Progress | None) -> np.ndarray:
    """Super-resolution (scale*h, scale*w) of an image on [0, 1]; tiles fade into each other where they overlap."""
    indices = [(top, left) for top in _starts(image.shape[0]) for left in _starts(image.shape[1])]
    drawn = np.zeros((model.scale * image.shape[0], model.scale * image.shape[1]))
    total = np.zeros_like(drawn)
    for done, (top, left) in enumerate(indices, start=1):
        tile = image[top : top + TILE, left : left + TILE]
        part = (slice(model.scale * top, model.scale * (top + TILE)), slice(model.scale * left, model.scale * (left + TILE)))
        weight = np.multiply.outer(_fade(model.scale * tile.shape[0]), _fade(model.scale * tile.shape[1]))
        drawn[part] += weight * model.predict(tile[None], peak=float(image.max()))[0]
        total[part] += weight
        if progress is not None:
            progress(done, len(indices))
    return (drawn / total).astype(np.float32)


def _starts(side: int) -> list[int]:
    """Where tiles begin along a side: evenly spread, overlapping by a quarter or more."""
    if side <= TILE:
        return [0]
    count = int(np.ceil((side - TILE) / (0.75 * TILE))) + 1
    return np.linspace(0, side - TILE, count).round().astype(int).tolist()


def _fade(side: int) -> np.ndarray:
    """Weights (side,) that fall towards both ends and are zero nowhere."""
    indices = np.arange(side) + 0.5
    return np.minimum(np.minimum(indices, side - indices) / (side / 8), 1.0)
