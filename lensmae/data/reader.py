"""One image reader for the command line and the pages: any common file in, one finite float32 image out, and what was done."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.data.npy import MAX_BYTES, read_npy, read_npz, split_objects
from lensmae.errors import ImageReadError

MAX_SIDE = 4096
MIN_SIDE = 4
SUFFIXES = ("npy", "npz", "fits", "fit", "fts", "png", "jpg", "jpeg", "tif", "tiff", "h5", "hdf5")
_MAX_FILE = 1 << 28


@dataclass(frozen=True)
class LensImage:
    """An image as read.

    Attributes:
        pixels: (H, W) float32, finite, in the file's own unit.
        name: the file's name.
        format: npy, npz, fits, image, tiff or hdf5.
        pixel_scale: arcsec a pixel, where the file says it.
        notes: what was done to the pixels, in full sentences.
    """

    pixels: np.ndarray
    name: str
    format: str
    pixel_scale: float | None = None
    notes: tuple[str, ...] = ()


def read_image(source: Path | bytes, name: str | None = None) -> LensImage:
    """Read one image. The format is told from the content, not from the name.

    Raises `ImageReadError` with the file's name, what was wrong and what to do.
    """
    label = name or (source.name if isinstance(source, Path) else "the upload")
    try:
        data = _load(source)
        kind, decode = _detect(data)
        image = replace(decode(data), name=label, format=kind)
        return _finite(image)
    except ImageReadError as problem:
        raise ImageReadError(f"{label} was not read: {str(problem).rstrip('.')}.") from None


def _load(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        try:
            if source.stat().st_size > _MAX_FILE:
                raise ImageReadError(f"it has {source.stat().st_size / 1e6:,.0f} MB; the limit is {_MAX_FILE / 1e6:,.0f} MB")
            data = source.read_bytes()
        except OSError as problem:
            raise ImageReadError(f"it cannot be opened ({problem.strerror or problem})") from None
    if not data:
        raise ImageReadError("it is empty; save or download it again")
    return data


def _detect(data: bytes) -> tuple[str, Callable[[bytes], LensImage]]:
    signatures: tuple[tuple[bytes, str, Callable[[bytes], LensImage]], ...] = (
        (b"\x93NUMPY", "npy", _from_npy),
        (b"PK\x03\x04", "npz", _from_npz),
        (b"SIMPLE  =", "fits", _from_fits),
        (b"\x89PNG", "image", _from_picture),
        (b"\xff\xd8\xff", "image", _from_picture),
        (b"II*\x00", "tiff", _from_tiff),
        (b"MM\x00*", "tiff", _from_tiff),
        (b"\x89HDF\r\n\x1a\n", "hdf5", _from_hdf5),
    )
    for signature, kind, decode in signatures:
        if data.startswith(signature):
            return kind, decode
    raise ImageReadError("its content is none of npy, npz, FITS, PNG, JPEG, TIFF or HDF5, whatever its name says")


def _raw(array: np.ndarray, notes: tuple[str, ...] = (), pixel_scale: float | None = None) -> LensImage:
    """Any numeric array -> (H, W) float64 with non-finite pixels kept, and a note for each thing done."""
    if array.dtype.kind not in "biuf":
        raise ImageReadError(f"its values are of type {array.dtype}; real numbers are needed")
    shape = array.shape
    squeezed = array.reshape([side for side in shape if side != 1]) if array.ndim > 2 else array
    if squeezed.ndim == 3:
        squeezed, note = _one_plane(squeezed)
        notes = (*notes, note)
    if squeezed.ndim != 2:
        raise ImageReadError(f"it holds an array of shape {shape}; an image (height, width) is needed")
    _check_size(squeezed.shape)
    return LensImage(np.asarray(squeezed, dtype=np.float64), "", "", pixel_scale, notes)


def _one_plane(cube: np.ndarray) -> tuple[np.ndarray, str]:
    """Bands lie along the shortest axis, first or last: colours are averaged, of a longer stack the first is taken."""
    axis = 0 if cube.shape[0] <= cube.shape[-1] else -1
    bands = cube.shape[axis]
    if bands <= 4:
        return cube.astype(np.float64).mean(axis=axis), f"Its {bands} bands were averaged."
    return cube.take(0, axis=axis), f"It holds {bands} images; the first was taken."


def _check_size(shape: tuple[int, ...]) -> None:
    height, width = shape
    if min(shape) < MIN_SIDE:
        raise ImageReadError(f"its image has {height}x{width} pixels; at least {MIN_SIDE}x{MIN_SIDE} are needed")
    if max(shape) > MAX_SIDE:
        raise ImageReadError(
            f"its image has {height}x{width} pixels; cut out the lens first (the limit is {MAX_SIDE}x{MAX_SIDE})"
        )


def _finite(image: LensImage) -> LensImage:
    """Fill pixels that are not numbers with the median of those that are, and say so."""
    good = np.isfinite(image.pixels) & (np.abs(image.pixels) < np.finfo(np.float32).max)
    if not good.any():
        raise ImageReadError("none of its pixels is a finite number")
    pixels, notes = image.pixels, image.notes
    if not good.all():
        pixels = np.where(good, pixels, np.median(pixels[good]))
        notes = (*notes, f"{int((~good).sum())} pixels that were not finite were set to the median of the others.")
    if pixels.max() == pixels.min():
        notes = (*notes, "All its pixels are equal, so there is nothing to see.")
    return replace(image, pixels=np.ascontiguousarray(pixels, dtype=np.float32), notes=notes)


def _from_npy(data: bytes) -> LensImage:
    array, mass = split_objects(read_npy(io.BytesIO(data)))
    return _raw(array, () if mass is None else (f"It also says an axion mass of {mass:.3g} eV.",))


def _from_npz(data: bytes) -> LensImage:
    arrays = {key: array for key, array in read_npz(io.BytesIO(data)).items() if array.dtype != object and array.ndim >= 2}
    if not arrays:
        raise ImageReadError("it holds no image array")
    key = next(iter(arrays))
    return _raw(arrays[key], (f"The array {key!r} was taken.",) if len(arrays) > 1 else ())


def _from_fits(data: bytes) -> LensImage:
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True, ignore_missing_simple=False) as units:
                return _from_units(units)
        except ImageReadError:
            raise
        except Exception as problem:  # noqa: BLE001
            # astropy raises a dozen kinds of errors on damaged headers and data; all mean that the file is damaged.
            raise ImageReadError(f"its FITS structure is damaged ({type(problem).__name__}: {problem})") from None


def _from_units(units: Any) -> LensImage:
    place, unit = next(((i, u) for i, u in enumerate(units) if u.is_image and len(u.shape) >= 2), (None, None))
    if unit is None:
        raise ImageReadError("it holds no image, only headers or tables")
    count = 1
    for side in unit.shape:
        count *= side
    if max(unit.shape[-2:]) > MAX_SIDE or count * 8 > MAX_BYTES:
        raise ImageReadError(
            f"its image has the shape {tuple(unit.shape)}; cut out the lens first (the limit is {MAX_SIDE}x{MAX_SIDE})"
        )
    notes = (f"The image of HDU {place} ({unit.name or 'unnamed'}) was taken.",) if place else ()
    return _raw(np.asarray(unit.data), notes, _pixel_scale(unit.header))


def _pixel_scale(header: Any) -> float | None:
    """Arcsec a pixel from CD, CDELT or PIXSCALE; None where the header is silent or implausible."""

    def value(key: str) -> float:
        number = header.get(key)
        return float(number) if isinstance(number, (int, float)) else 0.0

    from_cd = float(np.hypot(value("CD1_1"), value("CD2_1"))) * 3600
    scale = from_cd or abs(value("CDELT1")) * 3600 or value("PIXSCALE") or value("PIXELSCL")
    return scale if 1e-4 < scale < 60 else None


def _from_picture(data: bytes) -> LensImage:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
                _check_size((picture.height, picture.width))
                return _from_pillow(picture)
        except ImageReadError:
            raise
        except Exception as problem:  # noqa: BLE001
            # Pillow's decoders raise many kinds of errors on damaged data.
            raise ImageReadError(f"its picture data are damaged ({type(problem).__name__}: {problem})") from None


def _from_pillow(picture: Any) -> LensImage:
    notes: tuple[str, ...] = ()
    if picture.mode in ("P", "PA", "CMYK", "YCbCr"):
        picture = picture.convert("RGBA")
    values = np.asarray(picture)
    if picture.mode in ("LA", "RGBA"):
        values, notes = values[..., :-1], ("Its transparency was left out.",)
    if values.ndim == 3 and values.shape[2] == 3:
        # Rec. 601 luma: what a grey copy of the picture would show.
        return _raw(values @ np.array([0.299, 0.587, 0.114]), (*notes, "Its colours were weighted to a grey image."))
    return _raw(values, notes)


def _from_tiff(data: bytes) -> LensImage:
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            if page.size * page.dtype.itemsize > MAX_BYTES:
                raise ImageReadError(f"its image has the shape {page.shape}; cut out the lens first")
            note = (f"It holds {len(file.pages)} pages; the first was taken.",) if len(file.pages) > 1 else ()
            return _raw(page.asarray(), note)
    except ImageReadError:
        raise
    except Exception as problem:  # noqa: BLE001
        # tifffile's parsers raise many kinds of errors on damaged data.
        raise ImageReadError(f"its TIFF data are damaged ({type(problem).__name__}: {problem})") from None


def _from_hdf5(data: bytes) -> LensImage:
    import h5py

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            found: list[Any] = []
            # Soft and external links are not followed: they could point out of the file.
            file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) and item.ndim >= 2 else None)
            images = [item for item in found if item.dtype.kind in "biuf" and item.external is None and not item.is_virtual]
            if not images:
                raise ImageReadError("it holds no numeric array with two axes or more")
            if images[0].nbytes > MAX_BYTES:
                raise ImageReadError(f"its array {images[0].name} has {images[0].nbytes / 1e6:,.0f} MB; cut out the lens first")
            return _raw(images[0][()], (f"The array {images[0].name} was taken.",))
    except ImageReadError:
        raise
    except Exception as problem:  # noqa: BLE001
        # HDF5's C library reports damage in many ways.
        raise ImageReadError(f"its HDF5 structure is damaged ({type(problem).__name__}: {problem})") from None


def fit_image(image: LensImage, size: int) -> LensImage:
    """Bring an image to (size, size): smaller ones are padded with their sky (the median of the border), larger ones cropped
    to the centred square and, where still larger, averaged down."""
    pixels, notes = image.pixels, image.notes
    height, width = pixels.shape
    side = min(height, width)
    if height != width and side >= size:
        pixels = _centre(pixels, side, side)
        notes = (*notes, f"The central {side}x{side} pixels were taken.")
    if side > size:
        pixels = _resample(pixels, size)
        notes = (*notes, f"{side}x{side} pixels were averaged down to {size}x{size}.")
    elif pixels.shape != (size, size):
        pixels = _pad(_centre(pixels, min(height, size), min(width, size)), size)
        notes = (*notes, f"{height}x{width} pixels were brought to {size}x{size} by cropping and padding with the sky level.")
    scale = None if image.pixel_scale is None else image.pixel_scale * max(1.0, side / size)
    return replace(image, pixels=np.ascontiguousarray(pixels, dtype=np.float32), notes=notes, pixel_scale=scale)


def _centre(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def _pad(pixels: np.ndarray, size: int) -> np.ndarray:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    top, left = (size - pixels.shape[0]) // 2, (size - pixels.shape[1]) // 2
    rest = ((top, size - pixels.shape[0] - top), (left, size - pixels.shape[1] - left))
    return np.pad(pixels, rest, constant_values=float(np.median(border)))


def _resample(pixels: np.ndarray, size: int) -> np.ndarray:
    """Area average of a square image: every new pixel is the mean of the old ones under it, in the parts it covers."""
    weights = _area_weights(len(pixels), size)
    return weights @ pixels @ weights.T


def _area_weights(old: int, new: int) -> np.ndarray:
    edges = np.arange(new + 1) * old / new
    cells = np.arange(old)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.clip(overlap, 0, None) * new / old
