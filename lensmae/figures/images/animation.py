"""A reconstruction over all mask ratios as an animated GIF: original, masked, reconstruction."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lensmae.figures.images.panels import FLUX_COLOURS
from lensmae.figures.images.stretch import colour_table, limits, stretched

_SIDE = 256
_GAP = 8
_TOP = 26
_COVERED = (109, 116, 128)
_FRAME_MS = 250
_END_MS = 1200


def gif_bytes(
    image: np.ndarray, masks: np.ndarray, composites: np.ndarray, ratios: np.ndarray, stretch: str, percentile: float
) -> bytes:
    """A GIF whose frame r shows the image (H, W), the image under the mask r, and the composite r, the first row lowest.

    Args:
        image: (H, W).
        masks: (R, H, W) bool, True = hidden.
        composites: (R, H, W) flux.
        ratios: (R,) written above the frames.
        stretch, percentile: display stretch, and percentile of the image's pixels where it ends.
    """
    low, high = limits(image, percentile)
    table = colour_table(FLUX_COLOURS)

    def coloured(pixels: np.ndarray) -> np.ndarray:
        return table[np.round(255 * stretched(pixels, stretch, low, high)).astype(int)]

    original = coloured(image)
    sheets = []
    for mask, composite, ratio in zip(masks, composites, ratios, strict=True):
        masked = np.where(mask[..., None], np.array(_COVERED, dtype=np.uint8), original)
        sheets.append(_sheet([original, masked, coloured(composite)], f"{ratio:.0%}"))
    buffer = io.BytesIO()
    times = [_FRAME_MS] * (len(sheets) - 1) + [_END_MS]
    sheets[0].save(buffer, format="GIF", save_all=True, append_images=sheets[1:], duration=times, loop=0)
    return buffer.getvalue()


def _sheet(pictures: list[np.ndarray], ratio: str) -> Image.Image:
    height = round(_SIDE * pictures[0].shape[0] / pictures[0].shape[1])
    sheet = Image.new("RGB", (len(pictures) * (_SIDE + _GAP) + _GAP, height + _TOP + _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    titles = ("original", f"masked {ratio}", "reconstruction")
    for index, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        left = _GAP + index * (_SIDE + _GAP)
        pen.text((left, 5), title, fill="#222", font=font)
        shown = Image.fromarray(np.ascontiguousarray(picture[::-1]).astype(np.uint8)).resize(
            (_SIDE, height), Image.Resampling.NEAREST
        )
        sheet.paste(shown, (left, _TOP))
    return sheet
