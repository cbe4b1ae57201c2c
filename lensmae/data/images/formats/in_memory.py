"""What astronomers hold in memory (HDU lists, CCDData, arrays, tensors, open files) as the bytes of a file."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from lensmae.errors import ImageReadError


def as_source(source: Any) -> Path | str | bytes:
    """A path or bytes as they are; anything else that holds an image as bytes of a FITS or npy file.

    Args:
        source: str, Path, bytes, an open binary file, an `HDUList` or HDU, `CCDData` or `NDData`, or whatever NumPy takes for an
            array: masked pixels become NaN, units of a `Quantity` are left out.
    """
    if isinstance(source, str | Path | bytes):
        return source
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if hasattr(source, "to_hdu"):
        return _fits(source.to_hdu())
    if hasattr(source, "writeto"):
        return _fits(source)
    if callable(getattr(source, "read", None)):
        return _content(source)
    if hasattr(source, "data") and hasattr(source, "wcs") and hasattr(source, "uncertainty"):
        # NDData has no writer of its own.
        source = source.data if source.mask is None else np.ma.MaskedArray(source.data, source.mask)
    return _npy(source)


def _content(file: Any) -> bytes:
    data = file.read()
    if not isinstance(data, bytes):
        raise ImageReadError("The file is open for text; open it with 'rb'.")
    return data


def _fits(units: Any) -> bytes:
    from astropy.io import fits

    if isinstance(units, fits.ImageHDU | fits.CompImageHDU | fits.BinTableHDU):
        units = fits.HDUList([fits.PrimaryHDU(), units])
    buffer = io.BytesIO()
    units.writeto(buffer, output_verify="silentfix")
    return buffer.getvalue()


def _npy(source: Any) -> bytes:
    if hasattr(source, "detach"):
        source = source.detach().cpu()
        source = source.float() if str(source.dtype) == "torch.bfloat16" else source
    if isinstance(source, np.ma.MaskedArray):
        source = source.astype(np.float64).filled(np.nan)
    array = np.asarray(getattr(source, "value", source))
    if array.dtype.kind not in "biuf":
        raise ImageReadError(
            f"A {type(source).__name__} is no image; give a path, bytes, an HDUList, CCDData or an array of numbers."
        )
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
