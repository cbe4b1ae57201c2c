"""How a user wants a file to be read, where not as `read_image` does it by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from lensmae.data.images.axes import parse_axes
from lensmae.data.images.bands import Band
from lensmae.data.images.cosmic_rays import without_cosmic_rays
from lensmae.data.images.crop import Crop, crop_image
from lensmae.data.images.guarded_reader import read_all_lenses, read_image
from lensmae.data.images.lens_image import LensImage
from lensmae.data.images.reader import Part
from lensmae.errors import ImageReadError

AUTO = "auto"


@dataclass(frozen=True)
class Reading:
    """The choices; all None is as `read_image` does it by itself.

    Attributes:
        item, band, axes, lens: as `read_image` takes them.
        crop: a square of that image; "auto": the lens is looked for, and `fit_image` frames it where the field is larger than a
            network's; None: the whole image.
        clean: whether cosmic rays are removed.
        pixel_scale: arcsec/pixel, instead of what the file says or does not say.
    """

    item: str | None = None
    band: Band = None
    crop: Crop | Literal["auto"] | None = AUTO
    clean: bool = False
    pixel_scale: float | None = None
    axes: str | None = None
    lens: int | None = None

    def __post_init__(self) -> None:
        if self.axes is not None:
            parse_axes(self.axes)

    def whole(self, source: Path | bytes, name: str, beside: Mapping[str, Part] | None = None) -> LensImage:
        """Read one image of a file without the crop. Raises `ImageReadError`."""
        options = {"item": self.item, "band": self.band, "axes": self.axes, "lens": self.lens, "beside": beside}
        return self._treated(read_image(source, name, **options))

    def read(self, source: Path | bytes, name: str, beside: Mapping[str, Part] | None = None) -> LensImage:
        """Read one image of a file as it is to be read. Raises `ImageReadError`."""
        return self.framed(self.whole(source, name, beside))

    def lenses(self, files: Sequence[tuple[Path | bytes, str]]) -> Iterator[tuple[int, LensImage | ImageReadError]]:
        """All lenses of files with their names, or the chosen one of each, without the crop.

        The index of the file, and a lens of it, or why it was not read; the others are read all the same.
        """
        if self.lens is not None:
            yield from enumerate(map(self._one_of, files))
            return
        for place, found in read_all_lenses(files, item=self.item, band=self.band, axes=self.axes):
            yield place, found if isinstance(found, ImageReadError) else self._treated(found)

    def _one_of(self, file: tuple[Path | bytes, str]) -> LensImage | ImageReadError:
        try:
            return self.whole(*file)
        except ImageReadError as problem:
            return problem

    def framed(self, image: LensImage) -> LensImage:
        """An image cut as the choices say."""
        if self.crop is None:
            return image
        return image.found() if self.crop == AUTO else crop_image(image, self.crop)

    def _treated(self, image: LensImage) -> LensImage:
        if self.pixel_scale is not None:
            said = "none" if image.pixel_scale is None else f"{image.pixel_scale:.4g} arcsec"
            note = f"The pixel scale was given as {self.pixel_scale:.4g} arcsec; the file says {said}."
            image = replace(image, pixel_scale=self.pixel_scale, notes=(*image.notes, note))
        return without_cosmic_rays(image) if self.clean else image
