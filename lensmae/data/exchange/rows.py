"""How single lenses of a data set are read: which files, which band, to what size. In a decoding process, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lensmae.data.images.bands import Band, mean_of_images, places_of
from lensmae.data.images.cosmic_rays import without_cosmic_rays
from lensmae.data.images.reader import LensImage, fit_image, read_image
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
        bands: names of the bands, where each has a file.
    """

    files: tuple[str, ...]
    low: str | None = None
    beside: dict[str, str] = field(default_factory=dict)
    item: str | None = None
    band: Band = None
    axes: str | None = None
    bands: tuple[str, ...] = ()


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
        try:
            places = places_of(recipe.band, len(recipe.files), recipe.bands)
            images = [read_image(root / recipe.files[place], beside=beside, **how) for place in places]
            return _of_bands(images, [recipe.bands[place] if recipe.bands else str(place) for place in places], recipe), None
        except ImageReadError as problem:
            raise ImageReadError(f"{recipe.files[0]}: {problem}") from None
    image = read_image(root / recipe.files[0], band=recipe.band, beside=beside, **how)
    if image.lenses > 1:
        raise ImageReadError(f"{image.name} holds an array of the shape of {image.lenses} images; one image a file is needed.")
    if recipe.low is None:
        return image, None
    return read_image(root / recipe.low, band=recipe.band, beside={}, **how), image


def _of_bands(images: list[LensImage], names: list[str], recipe: Recipe) -> LensImage:
    """One image of the files of the chosen bands: their mean, where there are several."""
    n = len(recipe.files)
    if len(images) == 1:
        (image,) = images
        return replace(image, notes=(*image.notes, f"Band {names[0]} of its {n} was taken."))
    if recipe.band is None and len({image.pixels.shape for image in images}) > 1 and any(image.sky is None for image in images):
        first = images[0]
        return replace(first, notes=(*first.notes, f"Its bands have other pixels than each other; band {names[0]} was taken."))
    return mean_of_images([replace(image, item=name) for image, name in zip(images, names, strict=True)])


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
