"""What a data set needs before a network can be measured on it, done by itself and said: size, data range."""

from dataclasses import replace

import numpy as np

from lensmae.data import LensDataset
from lensmae.data.images.fitting import fit_pixels
from lensmae.models import SuperResolver
from lensmae.models.predictors import LoadedModel

# Of HR images: a peak signal-to-noise ratio supposes a range of 1.
_LEAST_RANGE, _LARGEST_RANGE = 0.2, 2.0


def suited(model: LoadedModel, dataset: LensDataset) -> tuple[LensDataset, str | None]:
    """A data set with its images at the one size that a network takes, and a sentence that says so; pairs stay as they are."""
    shape, size = dataset.images.shape[1:], model.image_size
    if isinstance(model, SuperResolver) or model.any_size or tuple(shape) == (size, size):
        return dataset, None
    images = np.empty((len(dataset.images), size, size), dtype=np.float32)
    scale = dataset.info.pixel_scale
    for row, pixels in enumerate(dataset.images):
        images[row] = fit_pixels(np.asarray(pixels), size, None, None).pixels
    info = replace(dataset.info, shape=(size, size), pixel_scale=None if scale is None else scale * min(shape) / size)
    said = f"Images of {shape[0]}x{shape[1]} pixels were brought to {size}x{size}, which {model.name} takes, by averaging."
    return replace(dataset, info=info, images=images), said


def is_on_another_scale(targets: np.ndarray) -> bool:
    """Whether HR images (N, H, W) range over much more or less than 1, as counts do."""
    return not _LEAST_RANGE <= float(np.median(np.ptp(targets, axis=(1, 2)))) <= _LARGEST_RANGE


def data_ranges(targets: np.ndarray) -> np.ndarray:
    """The range of each HR image (N, H, W) -> (N, 1, 1) float32; 1 where all pixels are equal."""
    ranges = np.ptp(targets, axis=(1, 2))
    return np.where(ranges > 0, ranges, 1.0)[:, None, None].astype(np.float32)


def range_note(targets: np.ndarray) -> str:
    """Which data range the scores of HR images (N, H, W) were computed with."""
    usual = float(np.median(np.ptp(targets, axis=(1, 2))))
    return (
        f"HR images range over {usual:.4g} (median), not over 1: PSNR, SSIM and MSE are of images divided by the range of each "
        "HR image."
    )
