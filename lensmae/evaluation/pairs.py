"""One LR/HR pair: the network and bicubic interpolation against the truth."""

from dataclasses import dataclass

import numpy as np

from lensmae.data import LensDataset
from lensmae.errors import DatasetError
from lensmae.evaluation.metrics import psnr, ssim, unit_scale
from lensmae.models import SuperResolver, bicubic_upsample


@dataclass(frozen=True)
class ResolvedPair:
    """Images of one pair, `low` (h, w), the others (scale*h, scale*w), with PSNR in dB and SSIM against `high`, data range 1."""

    low: np.ndarray
    bicubic: np.ndarray
    drawn: np.ndarray
    high: np.ndarray
    psnr: float
    ssim: float
    bicubic_psnr: float
    bicubic_ssim: float


def super_resolve_pair(model: SuperResolver, dataset: LensDataset, row: int) -> ResolvedPair:
    """Enlarge the LR image of a row and compare it with its HR image."""
    if dataset.targets is None:
        raise DatasetError(f"Data set {dataset.name} has no HR targets; super-resolution needs LR/HR pairs (preset superres).")
    low, high = np.array(dataset.images[row : row + 1]), np.array(dataset.targets[row : row + 1])
    drawn, bicubic = model.predict(low), bicubic_upsample(low, model.scale)
    if drawn.shape != high.shape:
        sides = "x".join(map(str, high.shape[1:]))
        raise DatasetError(f"The HR images of {dataset.name} have {sides} pixels; {model.name} enlarges {model.scale} times.")
    scores = [float(measure(image, high)[0]) for image in (drawn, bicubic) for measure in (psnr, ssim)]
    return ResolvedPair(low[0], bicubic[0], drawn[0], high[0], *scores)


def enlarge(model: SuperResolver, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bicubic interpolation and super-resolution of one image (h, w) in any flux unit, both (scale*h, scale*w).

    Super-resolvers learn from pairs on [0, 1], so the image goes in on that scale and comes back on its own.
    """
    low, width = unit_scale(image[None])
    scaled = (image[None] - low) / width
    return tuple(
        (drawn * width + low)[0].astype(np.float32) for drawn in (bicubic_upsample(scaled, model.scale), model.predict(scaled))
    )
