"""Images that networks make of a file, for keeping: the pixels with all that their header says."""

from dataclasses import dataclass

import numpy as np

from lensmae.data import LensImage
from lensmae.data.images.wcs import Grid, Sky
from lensmae.data.images.writer import Facts
from lensmae.evaluation.images.analyse import Analysis
from lensmae.evaluation.ood.references import content_digest
from lensmae.evaluation.reconstruction.full_reconstruction import PARTS
from lensmae.evaluation.superresolution.pairs import enlarge
from lensmae.models import SuperResolver
from lensmae.models.predictors import LoadedModel
from lensmae.progress import Progress


@dataclass(frozen=True)
class Product:
    """An image to keep.

    Attributes:
        kind: "reconstruction" or "superres", the ending of its files' names.
        pixels: (H, W) float32 in the unit of the file it was made from.
        pixel_scale: arcsec/pixel, where known.
        facts: for a FITS header.
        sky: where its pixels lie on the sky, where that is known.
        unit: of its pixels, as the file says it.
    """

    kind: str
    pixels: np.ndarray
    pixel_scale: float | None
    facts: Facts
    sky: Sky | None = None
    unit: str = ""


def reconstruction_product(analysis: Analysis, model: LoadedModel) -> Product:
    """The MAE's reconstruction of a file, every pixel from its surroundings only."""
    facts = _facts(analysis.name, model, "reconstruction") | {
        "MASKRAT": (1 - 1 / PARTS, "share of patches hidden at a time"),
        "NMASKS": (PARTS, "masks that were averaged"),
        "MASKMSE": (analysis.reconstruction.score, "masked-patch MSE, image on [0, 1]"),
    }
    fitted = analysis.fitted["mae"]
    return Product("reconstruction", analysis.reconstruction.prediction, fitted.pixel_scale, facts, fitted.sky, fitted.unit)


def superres_product(image: LensImage, model: SuperResolver, progress: Progress | None = None) -> tuple[Product, np.ndarray]:
    """The super-resolved image at full size, and bicubic interpolation to stand beside it."""
    bicubic, drawn = enlarge(model, image.pixels, progress)
    scale = None if image.pixel_scale is None else image.pixel_scale / model.scale
    facts = _facts(image.name, model, "super-resolution") | {"SRSCALE": (model.scale, "pixels a side for one of the source")}
    sky = None if image.sky is None else image.sky.on(Grid(0, 0, 1 / model.scale, 1 / model.scale))
    return Product("superres", drawn, scale, facts, sky, image.unit), bicubic


def _facts(source: str, model: LoadedModel, content: str) -> Facts:
    return {
        "CONTENT": (content, "what this image is"),
        "CHECKPT": (model.name, "checkpoint that drew it"),
        "CKPTSHA": (content_digest(model.path)[:16], "begin of the SHA-256 of its file"),
        "CKPTDATE": (model.card.created, "date of the checkpoint"),
        "SOURCE": (source, "file it was made from"),
    }
