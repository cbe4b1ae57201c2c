"""How single lenses of a data set are read: which files, which band, to what size. In a decoding process, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lensmae.data.images.cosmic_rays import without_cosmic_rays
from lensmae.data.images.reader import MOST_AVERAGED, LensImage, fit_image, read_image
from lensmae.errors import ImageReadError


@dataclass(frozen=True)
class Form:
    """What every image of a data set is brought to.

    Attributes:
        shape, target_shape: pixels of images and of HR targets.
        size: images are fitted to this square, or None: then those of another shape are no part of the set.
        pixel_scale: arcsec/pixel of the set, where known.
        clean: remove cosmic rays first (`without_cosmic_rays`).
        find: look for the lens in images with a larger field than the form's, and cut it out.
    """

    shape: tuple[int, int]
    target_shape: tuple[int, int] | None = None
    size: int | None = None
    pixel_scale: float | None = None
    clean: bool = False
    find: bool = True


@dataclass(frozen=True)
class Recipe:
    """How a lens is read.

    Attributes:
        files: its file, or a file a band.
        low: of pairs the LR file.
        beside: its noise, flags and PSF.
        item, band, axes: as `read_image` takes them.
    """

    files: tuple[str, ...]
    low: str | None = None
    beside: dict[str, str] = field(default_factory=dict)
    item: str | None = None
    band: int | None = None
    axes: str | None = None


@dataclass(frozen=True)
class Row:
    """A lens as it goes into a data set, its HR image in pairs, or why it does not."""

    image: LensImage | None
    target: LensImage | None = None
    problem: str = ""


def read_rows(root: Path, recipes: list[Recipe], form: Form) -> Iterator[Row]:
    """Files read, and fitted to a form: in a decoding process, which runs ahead of who writes them."""
    for recipe in recipes:
        try:
            yield Row(*fitted(*read_recipe(root, recipe), form))
        except ImageReadError as problem:
            yield Row(None, problem=str(problem))


def read_recipe(root: Path, recipe: Recipe) -> tuple[LensImage, LensImage | None]:
    """The image of a lens, or of pairs its LR image, and the HR image of pairs."""
    beside = {role: root / file for role, file in recipe.beside.items()}
    how = {"item": recipe.item, "axes": recipe.axes}
    if len(recipe.files) > 1:
        return _from_bands([read_image(root / file, beside=beside, **how) for file in recipe.files], recipe.band), None
    image = read_image(root / recipe.files[0], band=recipe.band, beside=beside, **how)
    if image.lenses > 1:
        raise ImageReadError(f"{image.name} holds an array of the shape of {image.lenses} images; one image a file is needed.")
    if recipe.low is None:
        return image, None
    return read_image(root / recipe.low, band=recipe.band, beside={}, **how), image


def _from_bands(images: list[LensImage], band: int | None) -> LensImage:
    """One image of the bands' files: the chosen one, or the mean of up to four of one shape, else the middle one."""
    n, first = len(images), images[0]
    if band is not None and not 0 <= band < n:
        raise ImageReadError(f"{first.name} was not read: it has {n} bands, 0 to {n - 1}; there is no band {band}.")
    alike = len({image.pixels.shape for image in images}) == 1
    if band is None and alike and n <= MOST_AVERAGED:
        mean = np.mean([image.pixels for image in images], axis=0, dtype=np.float64).astype(np.float32)
        return replace(first, pixels=mean, noise=None, psf=None, notes=(*first.notes, f"Its {n} bands were averaged."))
    index = (n // 2 if alike else 0) if band is None else band
    chosen = images[index]
    return replace(chosen, notes=(*chosen.notes, f"Band {index} of its {n} was taken."))


def fitted(image: LensImage, target: LensImage | None, form: Form) -> tuple[LensImage, LensImage | None]:
    """A lens, and the HR image of pairs, as the form wants them."""
    if form.clean:
        image = without_cosmic_rays(image)
    if form.size is None:
        return _light(image), target
    return _light(fit_image(image.found() if form.find else image, form.size, form.pixel_scale)), target


def _light(image: LensImage) -> LensImage:
    """Without what a data set does not keep."""
    return replace(image, noise=None, psf=None, sky=None)
