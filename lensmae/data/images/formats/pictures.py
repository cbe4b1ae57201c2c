"""PNG and JPEG pictures, and what all pictures share: grey from colours, transparency, orientation."""

import io
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from lensmae.data.images.formats.stored import Stored, check_bytes
from lensmae.errors import ImageReadError

# Rec. 601 luma: what a grey copy of the picture would show.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_ORIENTATION = 0x0112
# Per EXIF orientation: whether rows and columns change places, then which axes are turned round (0 rows, 1 columns).
_TURNS = {
    2: (False, (1,)),
    3: (False, (0, 1)),
    4: (False, (0,)),
    5: (True, ()),
    6: (True, (1,)),
    7: (True, (0, 1)),
    8: (True, (0,)),
}
_MODES = (
    "1",
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "I;16",
    "I;16B",
    "I;16L",
)


def from_picture(data: bytes, item: str | None) -> Stored:
    """A PNG or JPEG picture."""
    stored = from_pillow(data, ("PNG", "JPEG"))
    # Byte 24 of a PNG is its depth, byte 25 its kind; Pillow keeps 8 of 16 bits where there are colours.
    if data.startswith(b"\x89PNG") and data[24:26] in (b"\x10\x02", b"\x10\x06", b"\x10\x04"):
        return _deep_png(data, stored.array.shape)
    return stored


def _deep_png(data: bytes, shape: tuple[int, ...]) -> Stored:
    """Colours of 16 bits."""
    import imagecodecs
    from PIL import Image

    check_bytes((*shape[:2], 4), 2)
    try:
        values = imagecodecs.png_decode(data)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            orientation = picture.getexif().get(_ORIENTATION, 1)
    except Exception as problem:  # noqa: BLE001
        # libpng reports damage in many ways.
        raise ImageReadError(f"its picture data are damaged ({type(problem).__name__}: {problem})") from None
    return oriented(grey(values, values.ndim == 3 and values.shape[2] in (2, 4)), orientation)


def from_pillow(data: bytes, formats: tuple[str, ...], page: int = 0) -> Stored:
    """A picture as Pillow reads it, in grey, as viewers show it."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                if page:
                    picture.seek(page)
                if picture.mode not in _MODES:
                    raise ImageReadError(f"its pixels are of Pillow's mode {picture.mode}, which is not read")
                # At most four channels of at most four bytes.
                check_bytes((picture.height, picture.width, len(picture.getbands())), 4 if picture.mode in ("I", "F") else 1)
                return _upright(picture, lossy=picture.format == "JPEG")
        except (ImageReadError, MemoryError):
            raise
        except Exception as problem:  # noqa: BLE001
            # Pillow's decoders raise many kinds of errors on damaged data.
            raise ImageReadError(f"its picture data are damaged ({type(problem).__name__}: {problem})") from None


def _upright(picture: Any, lossy: bool) -> Stored:
    orientation = picture.getexif().get(_ORIENTATION, 1)
    if picture.format == "TIFF":
        # Pillow's own reader of TIFF turns them.
        orientation = 1
    if picture.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
    return oriented(grey(np.asarray(picture), picture.mode in ("LA", "RGBA", "La", "RGBa"), lossy), orientation)


def grey(values: np.ndarray, has_alpha: bool, lossy: bool = False) -> Stored:
    """Grey or colours, (H, W) or (H, W, 1 to 4), as grey (H, W); the last channel is left out where it is transparency."""
    notes: tuple[str, ...] = ()
    if has_alpha:
        values, notes = values[..., :-1], ("Its transparency was left out.",)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.shape[2] == 3:
        notes = (*notes, "Its colours were weighted to a grey image.")
        return Stored(values @ _LUMA, notes=notes, lossy=lossy, eight_bit=values.dtype == np.uint8)
    return Stored(values, notes=notes, lossy=lossy, eight_bit=values.dtype == np.uint8)


def oriented(stored: Stored, orientation: object) -> Stored:
    """A picture turned as its EXIF orientation says."""
    if orientation not in _TURNS:
        return stored
    swapped, turned = _TURNS[orientation]
    array = stored.array.swapaxes(0, 1) if swapped else stored.array
    note = f"It was turned upright as its orientation ({orientation}) says."
    return replace(stored, array=np.flip(array, turned) if turned else array, notes=(*stored.notes, note))
