"""How images, answers and data sets show themselves in a notebook. Every text is escaped: names in files come from strangers."""

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

# Pixels of a shown image on its longer side.
_SHOWN = 256


def facts_html(title: str, facts: Mapping[str, Any], notes: tuple[str, ...] = (), picture: str = "") -> str:
    """A title, a table of facts, sentences, and a picture before them, as HTML.

    Args:
        title: name of what is shown.
        facts: values by name; those that are None or empty are left out.
        notes: sentences below.
        picture: of `picture_html`, or nothing.
    """
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(str(name))}</th>"
        f"<td style='text-align:left'>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if value not in (None, "")
    )
    said = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    words = f"<div><b>{html.escape(title)}</b><table>{rows}</table>{f'<ul>{said}</ul>' if said else ''}</div>"
    return f"<div style='display:flex;gap:1em'>{picture}{words}</div>"


def picture_html(pixels: np.ndarray, alt: str) -> str:
    """An image (H, W), or some side by side in one array, in grey with an asinh stretch, row 0 at the bottom as in DS9."""
    from PIL import Image

    low, high = np.percentile(pixels, (1, 99.9))
    scaled = np.clip((pixels.astype(np.float64) - low) / (high - low or 1), 0, 1)
    shades = np.uint8(255 * np.arcsinh(10 * scaled) / np.arcsinh(10))
    picture = Image.fromarray(shades[::-1])
    factor = max(1, round(_SHOWN / max(pixels.shape)))
    picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((4 * _SHOWN, _SHOWN))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    source = base64.b64encode(buffer.getvalue()).decode()
    return f"<img alt='{html.escape(alt, quote=True)}' src='data:image/png;base64,{source}'>"
