"""One image as a PNG: what the canvas shows of it, for downloads and thumbnails."""

import base64
import io
from functools import lru_cache

import numpy as np
from PIL import Image

from lensmae.figures.images.panels import ERROR_COLOURS, FLUX_COLOURS, Panel, shade, shared_scale
from lensmae.figures.images.stretch import colour_table


def png(panel: Panel, stretch: str = "asinh", percentile: float = 100.0, *, upright: bool = False, enlarge: int = 1) -> bytes:
    """A PNG file of a panel's one image (H, W), flux or residual, on its own scale.

    Args:
        panel: with one image.
        stretch: one of `STRETCHES`.
        percentile: of the pixels that stay below the upper limit, in (0, 100].
        upright: the first row is the upper one, as in pictures; otherwise the lower one, as in FITS.
        enlarge: every pixel becomes a square of so many pixels, so nothing is blurred.
    """
    shades = shade(panel, shared_scale([panel], stretch, percentile))
    rows = shades if upright else shades[::-1]
    # One byte a pixel and a table of colours: a third of the work and of the file.
    picture = Image.fromarray(rows.repeat(enlarge, axis=0).repeat(enlarge, axis=1), "P")
    picture.putpalette(_table(panel.residual)[:, :3].tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def picture_sheet(images: np.ndarray, columns: int) -> bytes:
    """Images (N, H, W) of flux as one PNG, `columns` in a row from the upper left, each on its own asinh scale and with its first
    row lowest; `columns` is at least 1."""
    count, height, width = images.shape
    sheet = np.zeros((-(-count // columns) * height, columns * width), dtype=np.uint8)
    for place, image in enumerate(images):
        panel = Panel("", image)
        top, left = place // columns * height, place % columns * width
        sheet[top : top + height, left : left + width] = shade(panel, shared_scale([panel], "asinh", 100.0))[::-1]
    picture = Image.fromarray(sheet, "P")
    picture.putpalette(_table(residual=False)[:, :3].tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def data_url(content: bytes, kind: str = "image/png") -> str:
    """A picture as an address that holds it, for a table's image column."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@lru_cache(maxsize=2)
def _table(residual: bool) -> np.ndarray:
    # Sampled once: it takes a millisecond or two.
    return colour_table(ERROR_COLOURS if residual else FLUX_COLOURS)
