"""The Lens lab's pictures: a lens, what its substructure does, and its source, with the lines of infinite magnification."""

from collections.abc import Sequence

import numpy as np

from lensmae.figures.images.overlays import Line
from lensmae.figures.images.panels import Panel

CRITICAL_COLOUR, CAUSTIC_COLOUR = "#7dff9a", "#ff9ad5"


def lab_panels(image: np.ndarray, expected: np.ndarray, smooth: np.ndarray, source: np.ndarray) -> list[Panel]:
    """Four panels of (H, W) flux: the image with noise, the effect of substructure without noise, the lens without it, and
    the source without the lens.

    Args:
        image: (H, W) flux with noise.
        expected: (H, W) flux without noise.
        smooth: (H, W) flux without noise and substructure.
        source: (H, W) flux without lensing.
    """
    return [
        Panel("Image", image),
        Panel("Effect of the substructure", expected - smooth, residual=True),
        Panel("Without substructure", smooth),
        Panel("Source, unlensed", source),
    ]


def lab_lines(critical: Sequence[np.ndarray], caustics: Sequence[np.ndarray], pixels: int, scale: float) -> list[Line]:
    """Critical curves over the image and caustics over the source, each (N, 2) arcsec from the middle of a field of `pixels`
    a side and `scale` arcsec/pixel.

    Args:
        critical: curves (N, 2) arcsec.
        caustics: curves (N, 2) arcsec.
        pixels: a side of the field.
        scale: arcsec/pixel.
    """
    return [
        _line("critical curves", critical, CRITICAL_COLOUR, (0,), pixels, scale),
        _line("caustics", caustics, CAUSTIC_COLOUR, (3,), pixels, scale),
    ]


def _line(name: str, curves: Sequence[np.ndarray], colour: str, panels: tuple[int, ...], pixels: int, scale: float) -> Line:
    """Curves as one line that breaks between them."""
    gap = np.full((1, 2), np.nan)
    joined = np.concatenate([part for curve in curves for part in (curve, gap)]) if len(curves) else gap
    indices = joined / scale + (pixels - 1) / 2
    return Line(name, indices[:, 0], indices[:, 1], colour, panels=panels)
