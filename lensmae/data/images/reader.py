"""One image reader for the command line and the pages: any common file in, one finite float32 image out, and what was done."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensmae.data.images.fitting import fill_bad, fit_pixels
from lensmae.data.images.formats import MAX_FILE, Stored, decode
from lensmae.errors import ImageReadError

MAX_SIDE = 4096
MIN_SIDE = 4
SUFFIXES = ("npy", "npz", "fits", "fit", "fts", "fits.gz", "fits.fz", "png", "jpg", "jpeg", "tif", "tiff", "h5", "hdf5")
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class LensImage:
    """An image as read.

    Attributes:
        pixels: (H, W) float32, finite, in the file's own unit.
        name: the file's name.
        format: npy, npz, fits, image, tiff or hdf5.
        pixel_scale: arcsec a pixel, where the file says it.
        notes: what was done to the pixels, in full sentences.
        axion_mass_ev: as DeepLense's axion files say it.
        items: names of all images in the file (HDUs, arrays, pages), each good for `read_image(item=...)`.
        bands: how many bands the image has, each good for `read_image(band=...)`.
    """

    pixels: np.ndarray
    name: str
    format: str
    pixel_scale: float | None = None
    notes: tuple[str, ...] = ()
    axion_mass_ev: float | None = None
    items: tuple[str, ...] = ()
    bands: int = 1


def read_image(source: Path | bytes, name: str | None = None, *, item: str | None = None, band: int | None = None) -> LensImage:
    """Read one image. The format is told from the content, not from the name.

    Args:
        source: the file, or its content.
        name: of the file, for messages.
        item: which image of a file that holds several, as `LensImage.items` names it; the first where None.
        band: which band of an image that has several, from 0; up to four are averaged where None.

    Raises `ImageReadError` with the file's name, what was wrong and what to do.
    """
    label = name or (source.name if isinstance(source, Path) else "the upload")
    try:
        kind, stored = decode(_load(source), item)
        return _image(stored, label, kind, band)
    except ImageReadError as problem:
        raise ImageReadError(f"{label} was not read: {str(problem).rstrip('.')}.") from None


def image_of(array: np.ndarray, name: str, *, band: int | None = None) -> LensImage:
    """An array that was read already, by the same rules as a file."""
    try:
        return _image(Stored(array), name, "npy", band)
    except ImageReadError as problem:
        raise ImageReadError(f"{name} was not read: {str(problem).rstrip('.')}.") from None


def _load(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        try:
            with source.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as problem:
            raise ImageReadError(f"it cannot be opened ({problem.strerror or problem})") from None
    if len(data) > MAX_FILE:
        raise ImageReadError(f"it has more than {MAX_FILE / 1e6:,.0f} MB; cut out the lens first")
    if not data:
        raise ImageReadError("it is empty; save or download it again")
    return data


def _image(stored: Stored, name: str, kind: str, band: int | None) -> LensImage:
    array, notes = stored.array, stored.notes
    if array.dtype.kind not in "biuf":
        raise ImageReadError(f"its values are of type {array.dtype}; real numbers are needed")
    if len(stored.items) > 1:
        notes = (f"Of its {len(stored.items)} images, {stored.item} was taken.", *notes)
    if stored.axion_mass_ev is not None:
        notes = (*notes, f"It also says an axion mass of {stored.axion_mass_ev:.3g} eV.")
    plane, bands, taken = _one_plane(array, band)
    pixels, filled = _finite(plane)
    return LensImage(
        pixels, name, kind, stored.pixel_scale, notes + taken + filled, stored.axion_mass_ev, stored.items, bands
    )  # fmt: skip


def _one_plane(array: np.ndarray, band: int | None) -> tuple[np.ndarray, int, tuple[str, ...]]:
    """Any numeric array -> (H, W), the number of bands it had, and what was done.

    Bands lie along the shortest axis, first or last: up to four are averaged, of a longer stack the first is taken.
    """
    shape = array.shape
    cube = array.reshape([side for side in shape if side != 1]) if array.ndim > 2 else array
    bands, axis = 1, 0
    if cube.ndim == 3:
        axis = 0 if cube.shape[0] <= cube.shape[-1] else -1
        bands = cube.shape[axis]
    elif cube.ndim != 2:
        raise ImageReadError(f"it holds an array of shape {shape}; an image (height, width) is needed")
    _check_size(tuple(side for place, side in enumerate(cube.shape) if cube.ndim == 2 or place != axis % 3))
    if band is not None and not 0 <= band < bands:
        raise ImageReadError(f"it has {bands} bands, 0 to {bands - 1}; there is no band {band}")
    if cube.ndim == 2:
        return cube, 1, ()
    if band is not None:
        return cube.take(band, axis=axis), bands, (f"Band {band} of its {bands} was taken.",)
    if not bands:
        raise ImageReadError(f"it holds an array of shape {shape}, which is empty")
    if bands <= 4:
        return cube.mean(axis=axis, dtype=np.float64), bands, (f"Its {bands} bands were averaged.",)
    return cube.take(0, axis=axis), bands, (f"It holds {bands} images; the first was taken.",)


def _check_size(shape: tuple[int, ...]) -> None:
    height, width = shape
    if min(shape) < MIN_SIDE:
        raise ImageReadError(f"its image has {height}x{width} pixels; at least {MIN_SIDE}x{MIN_SIDE} are needed")
    if max(shape) > MAX_SIDE:
        raise ImageReadError(
            f"its image has {height}x{width} pixels; cut out the lens first (the limit is {MAX_SIDE}x{MAX_SIDE})"
        )


def _finite(plane: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pixels as finite float32, those that were not filled by `fill_bad`, and what was done."""
    notes: tuple[str, ...] = ()
    good = None
    if plane.dtype.kind == "f":
        # Comparisons with NaN are false; what float32 cannot hold is no better than infinite.
        good = np.isfinite(plane) if plane.itemsize <= 4 else (plane < _FLOAT32_MAX) & (plane > -_FLOAT32_MAX)
    if good is None or good.all():
        pixels = np.ascontiguousarray(plane, dtype=np.float32)
    elif good.any():
        pixels = fill_bad(np.where(good, plane, 0).astype(np.float32), ~good)
        notes = (f"{int((~good).sum())} pixels that were not finite were set to the median of their neighbours.",)
    else:
        raise ImageReadError("none of its pixels is a finite number")
    if pixels.max() == pixels.min():
        notes = (*notes, "All its pixels are equal, so there is nothing to classify.")
    return pixels, notes


def fit_image(image: LensImage, size: int, pixel_scale: float | None = None) -> LensImage:
    """Bring an image to (size, size), and say how.

    Where both its own and the wanted `pixel_scale` (arcsec a pixel) are known, it is first resampled to that scale and then
    cropped to its centre. Otherwise the centred square is averaged down to `size`. What is smaller is padded with its sky, the
    median of the border.
    """
    pixels, scale, notes = fit_pixels(image.pixels, size, image.pixel_scale, pixel_scale)
    return LensImage(
        pixels, image.name, image.format, scale, image.notes + notes, image.axion_mass_ev, image.items, image.bands
    )  # fmt: skip
